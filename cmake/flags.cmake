# gilmap_flags: how all of our own code is compiled and linked. One place, no per-folder exceptions.

add_library(gilmap_flags INTERFACE)

target_compile_options(gilmap_flags INTERFACE
  -Wall -Wextra
  # Exactness: `a * b + c` must round twice, as CPython does, also where the CPU has fused multiply-add.
  -ffp-contract=off
  # With --gc-sections this drops the parts of LLVM, and of ours, that nothing reaches.
  -ffunction-sections -fdata-sections)

# Assertions state our own bugs. They are on while developing and testing, off in wheels.
if(GILMAP_ASSERTIONS)
  target_compile_options(gilmap_flags INTERFACE -UNDEBUG)
endif()

if(GILMAP_SANITIZE)
  # Applied to everything, third-party code that we compile included: a half-sanitized binary is no test.
  add_compile_options(-fsanitize=${GILMAP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${GILMAP_SANITIZE})
endif()

# A fast linker, if there is one: LLVM is large, and lld takes a second where ld takes several.
if(NOT APPLE)
  find_program(GILMAP_LLD NAMES ld.lld
    HINTS /usr/lib/llvm-22/bin /usr/lib/llvm-21/bin /usr/lib/llvm-20/bin /usr/lib/llvm-19/bin)
  if(GILMAP_LLD)
    get_filename_component(lld_dir ${GILMAP_LLD} DIRECTORY)
    add_link_options(-fuse-ld=lld -B${lld_dir})
  endif()
endif()

find_program(GILMAP_CCACHE ccache)
if(GILMAP_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${GILMAP_CCACHE})
endif()

# gilmap_link_options(TARGET): drop what is unused, and name no library that is not.
function(gilmap_link_options target)
  if(APPLE)
    target_link_options(${target} PRIVATE -Wl,-dead_strip)
  else()
    target_link_options(${target} PRIVATE -Wl,--gc-sections -Wl,--as-needed)
  endif()
endfunction()

# gilmap_export_only(TARGET SYMBOL): a library of ours exports one function and nothing else, so that its LLVM,
# its nanobind and its C++ never meet another library's.
function(gilmap_export_only target symbol)
  if(APPLE)
    target_link_options(${target} PRIVATE -Wl,-exported_symbol,_${symbol})
  else()
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${target}.map "{ global: ${symbol}; local: *; };\n")
    target_link_options(${target} PRIVATE
      -Wl,--exclude-libs,ALL -Wl,--version-script=${CMAKE_CURRENT_BINARY_DIR}/${target}.map)
  endif()
endfunction()

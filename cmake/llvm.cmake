# Finds LLVM (22 is what we test; 19 is the oldest we accept) and defines gilmap_llvm: its headers,
# its definitions and the static component libraries that code generation needs.
#
# Static, never libLLVM.so: gilmap must live beside any other LLVM in the process (numba's, pyarrow's
# Gandiva, a GPU driver's), so its own copy is linked in and hidden. Set LLVM_DIR to choose another.

set(llvm_hints "")
foreach(version IN ITEMS 22 21 20 19)
  list(APPEND llvm_hints
    /usr/lib/llvm-${version}/lib/cmake/llvm      # Debian, Ubuntu
    /opt/homebrew/opt/llvm@${version}/lib/cmake/llvm
    /usr/local/opt/llvm@${version}/lib/cmake/llvm)
endforeach()
foreach(hint IN LISTS llvm_hints)
  if(NOT LLVM_DIR AND EXISTS ${hint}/LLVMConfig.cmake)
    set(LLVM_DIR ${hint} CACHE PATH "Folder of LLVMConfig.cmake")
  endif()
endforeach()

find_package(LLVM CONFIG QUIET)
if(NOT LLVM_FOUND OR LLVM_VERSION_MAJOR LESS 19)
  message(FATAL_ERROR
    "gilmap needs LLVM 22 (19 or newer may do), with its headers and static libraries.\n"
    "Debian 12: apt-get install llvm-22-dev libzstd-dev zlib1g-dev\n"
    "Elsewhere: pass -DLLVM_DIR=<prefix>/lib/cmake/llvm")
endif()
message(STATUS "LLVM ${LLVM_PACKAGE_VERSION} from ${LLVM_DIR}")

# LLVM's own export names these two, and CMake stops if they are missing.
if(NOT TARGET zstd::libzstd_shared AND NOT TARGET zstd::libzstd_static AND LLVM_ENABLE_ZSTD)
  find_library(GILMAP_ZSTD NAMES zstd libzstd.so.1 REQUIRED)
  add_library(zstd::libzstd_shared UNKNOWN IMPORTED)
  set_target_properties(zstd::libzstd_shared PROPERTIES IMPORTED_LOCATION ${GILMAP_ZSTD})
endif()

llvm_map_components_to_libnames(llvm_libs core orcjit native passes)

add_library(gilmap_llvm INTERFACE)
target_include_directories(gilmap_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS})
separate_arguments(llvm_definitions UNIX_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(gilmap_llvm INTERFACE ${llvm_definitions})
target_link_libraries(gilmap_llvm INTERFACE ${llvm_libs})
if(NOT LLVM_ENABLE_RTTI)
  # Classes derived from LLVM's would need type information that LLVM itself lacks.
  target_compile_options(gilmap_llvm INTERFACE -fno-rtti)
endif()

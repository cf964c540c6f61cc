// main() of the unit tests that need an interpreter: runs them all inside one, holding the GIL.

#include <Python.h>

#include <gtest/gtest.h>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);

  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  // As if this were the project's own interpreter, so that its virtual environment is found.
  PyStatus status = PyConfig_SetBytesString(&config, &config.executable, GILMAP_PYTHON_EXECUTABLE);
  if (!PyStatus_Exception(status)) {
    status = PyConfig_SetBytesString(&config, &config.program_name, GILMAP_PYTHON_EXECUTABLE);
  }
  if (!PyStatus_Exception(status)) {
    status = Py_InitializeFromConfig(&config);
  }
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) {
    Py_ExitStatusException(status);
  }

  const int failed = RUN_ALL_TESTS();
  return Py_FinalizeEx() < 0 ? 1 : failed;
}

#pragma once
// Problem: a function of an extension module keeps the tuple of its keyword names in a static variable, which all
// interpreters share. Before 3.12.4 (gh-119213) the interpreter that calls the function with keywords first makes it,
// perhaps a worker; once that has ended the names are dangling, and the main interpreter, which frees the tuple at its
// own end, aborts the process.
// Method: before a worker ends, all these tuples and their names are made immortal; their memory outlives the
// interpreter. They are chained, the newest first, so a new one of our own has all others behind it.

namespace gilmap::interpreters {

// In a worker that is about to end, its GIL held.
void keep_keyword_names();

}  // namespace gilmap::interpreters

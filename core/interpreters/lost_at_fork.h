#pragma once
// Problem: a worker that is stuck in a C call cannot end its interpreter before a fork, and CPython's own clean-up in
// the child hangs (3.12) or aborts (3.13) at any interpreter but the main one.
// Method: the child forgets these interpreters before that clean-up comes to them. Their threads are not there, and
// nobody can use them any more. CPython has a list of interpreters, the newest first and the main one last; its head
// lies beside the pointer to the main one in _PyRuntime. So the head is set to the main one. Where they are not found,
// nothing is done.

namespace gilmap::interpreters {

// From now on, children of this process forget all interpreters but the main one.
void forget_lost_interpreters_in_children();

}  // namespace gilmap::interpreters

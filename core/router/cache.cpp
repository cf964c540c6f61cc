#include "router/cache.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "lift/lift.h"
#include "support/py_ref.h"

namespace gilmap::router {
namespace {

// More than any program maps at a time; closures over ever new values must not grow without bound.
constexpr size_t max_entries = 512;
constexpr size_t max_variants = 12;
constexpr int most_refusals = 1 << 16;

struct Slot {
  std::shared_ptr<Entry> entry;
  Ref weak;  // its callback removes the slot
  std::list<PyObject*>::iterator use;
};

struct Cache {
  std::unordered_map<PyObject*, Slot> slots;
  std::list<PyObject*> recent;  // the most recently used first
};

Cache& cache() {
  static Cache* const c = new Cache;  // outlives the interpreter: weak references may call back late
  return *c;
}

PyObject* owner_died(PyObject* self, PyObject*) {
  auto* owner = static_cast<PyObject*>(PyLong_AsVoidPtr(self));
  Cache& c = cache();
  auto it = c.slots.find(owner);
  if (it != c.slots.end()) {
    c.recent.erase(it->second.use);
    Slot dying = std::move(it->second);
    c.slots.erase(it);
  }
  Py_RETURN_NONE;
}

PyMethodDef callback_def = {"owner_died", owner_died, METH_O, nullptr};

}  // namespace

std::shared_ptr<Variant> Entry::find(PyObject* callable, std::span<const ir::Type> types) {
  for (auto it = variants_.begin(); it != variants_.end(); ++it) {
    Variant& v = **it;
    if (!std::equal(v.types.begin(), v.types.end(), types.begin(), types.end())) continue;
    if (v.state() == State::Compiling && v.owner_process != getpid()) {
      variants_.erase(it);
      return find(callable, types);
    }
    if (v.why && ++refusals_ >= refusals_to_retry_) {
      refusals_ = 0;
      refusals_to_retry_ = std::min(refusals_to_retry_ * 2, most_refusals);
      variants_.erase(it);
      return nullptr;
    }
    if (!v.why && !v.guards.hold(callable)) continue;
    if (it != variants_.begin()) variants_.splice(variants_.begin(), variants_, it);
    return variants_.front();
  }
  return nullptr;
}

void Entry::add(std::shared_ptr<Variant> v) {
  v->owner_process = getpid();
  variants_.push_front(std::move(v));
  if (variants_.size() > max_variants) variants_.pop_back();
}

namespace {

std::shared_ptr<Entry> find_entry(PyObject* owner) {
  Cache& c = cache();
  auto it = c.slots.find(owner);
  if (it == c.slots.end()) return nullptr;
  if (it->second.use != c.recent.begin()) c.recent.splice(c.recent.begin(), c.recent, it->second.use);
  return it->second.entry;
}

}  // namespace

std::shared_ptr<Entry> known_entry(PyObject* callable) {
  PyObject* owner = lift::cache_owner(callable);
  return owner ? find_entry(owner) : nullptr;
}

std::shared_ptr<Entry> entry_of(PyObject* callable) {
  PyObject* owner = lift::cache_owner(callable);
  if (!owner) return nullptr;
  if (std::shared_ptr<Entry> known = find_entry(owner)) return known;
  Cache& c = cache();
  Ref key = Ref::steal(PyLong_FromVoidPtr(owner));
  Ref callback = key ? Ref::steal(PyCFunction_New(&callback_def, key.get())) : Ref();
  Ref weak = callback ? Ref::steal(PyWeakref_NewRef(owner, callback.get())) : Ref();
  if (!weak && lift::is_numpy_ufunc(owner)) {  // knows no weak references, and lives as long as NumPy
    PyErr_Clear();
    weak = Ref::borrow(owner);
  }
  if (!weak) {  // an object without weak references: nothing is remembered of it
    PyErr_Clear();
    return std::make_shared<Entry>();
  }
  Slot slot;
  slot.entry = std::make_shared<Entry>();
  slot.weak = std::move(weak);
  c.recent.push_front(owner);
  slot.use = c.recent.begin();
  std::shared_ptr<Entry> entry = slot.entry;
  c.slots.emplace(owner, std::move(slot));
  if (c.slots.size() > max_entries) {
    auto oldest = c.slots.find(c.recent.back());
    c.recent.pop_back();
    Slot dying = std::move(oldest->second);
    c.slots.erase(oldest);
  }
  return entry;
}

bool is_called_often(PyObject* callable) {
  constexpr uint8_t often = 4;
  static std::array<uint8_t, 1024> counts{};
  const auto address = reinterpret_cast<uintptr_t>(lift::cache_owner(callable));
  uint8_t& count = counts[(address * 0x9e3779b97f4a7c15) >> 54];
  if (count < often) ++count;
  return count == often;
}

size_t entry_count() { return cache().slots.size(); }

void forget_all() {
  Cache& c = cache();
  auto slots = std::move(c.slots);
  c.slots.clear();
  c.recent.clear();
}

}  // namespace gilmap::router

package pickle

import (
	"fmt"
	"iter"
)

// Dict is a Python dict, in the order of the file.
type Dict struct {
	Attrs Value // attributes of an ordered dict, such as a state dict's _metadata

	keys, values []Value
	index        map[Value]int // of the keys that can be compared; once there are many
}

// fewKeys are found without an index.
const fewKeys = 8

// NewDict returns an empty dict.
func NewDict() *Dict { return &Dict{} }

// Len is the number of entries.
func (d *Dict) Len() int { return len(d.keys) }

// All visits the entries in order.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		for i, k := range d.keys {
			if !yield(k, d.values[i]) {
				return
			}
		}
	}
}

// Get returns the value of a text key.
func (d *Dict) Get(key string) (Value, bool) {
	if d == nil {
		return nil, false
	}
	if i := d.find(key); i >= 0 {
		return d.values[i], true
	}
	return nil, false
}

// find returns the place of a key that can be compared; -1 if there is none.
func (d *Dict) find(key Value) int {
	if d.index != nil {
		if i, ok := d.index[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range d.keys {
		if hashable(k) && k == key {
			return i
		}
	}
	return -1
}

// hashable reports whether == of two such values is Python's, and does not panic.
func hashable(v Value) bool {
	switch v.(type) {
	case nil, bool, int64, float64, string, Global:
		return true
	}
	return false
}

// put adds an entry. No dict that Python wrote names a key twice, and readers
// would not agree on which of the two counts.
func (d *Dict) put(key, value Value) error {
	if hashable(key) {
		if d.find(key) >= 0 {
			return fmt.Errorf("dict: key %.100q appears twice", fmt.Sprint(key))
		}
		if d.index == nil && len(d.keys) >= fewKeys {
			d.index = map[Value]int{}
			for i, k := range d.keys {
				if hashable(k) {
					d.index[k] = i
				}
			}
		}
		if d.index != nil {
			d.index[key] = len(d.keys)
		}
	}
	d.keys = append(d.keys, key)
	d.values = append(d.values, value)
	return nil
}

// Package registry holds what a setting chooses by name: methods, data sets,
// losses, judges. Adding one is one call, in the package of the thing or in a
// program that brings its own.
//
// Registering happens while packages initialise; afterwards a registry is only
// read, by any goroutine.
package registry

import (
	"fmt"
	"slices"
	"strings"
)

// Registry holds things of one type by name, in the order of their registration.
type Registry[T any] struct {
	kind   string
	names  []string
	byName map[string]T
}

// New makes an empty registry of things that errors call kind.
func New[T any](kind string) *Registry[T] {
	return &Registry[T]{kind: kind, byName: map[string]T{}}
}

// Add registers a thing. A name that is empty or taken is a programming error
// and panics.
func (r *Registry[T]) Add(name string, thing T) {
	if _, taken := r.byName[name]; taken || name == "" {
		panic(fmt.Sprintf("registry: %s %q, want a name that is not taken", r.kind, name))
	}
	r.names = append(r.names, name)
	r.byName[name] = thing
}

// Names lists what is registered.
func (r *Registry[T]) Names() []string { return slices.Clone(r.names) }

// Get returns the thing of that name. The error lists those that there are.
func (r *Registry[T]) Get(name string) (T, error) {
	thing, ok := r.byName[name]
	if !ok {
		return thing, fmt.Errorf("%s: got %q, want %s", r.kind, name, strings.Join(r.names, " | "))
	}
	return thing, nil
}

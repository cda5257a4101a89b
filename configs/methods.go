package configs

import (
	"fmt"
	"path"
	"reflect"
	"slices"
)

// Method is a way to train, as a configuration knows it.
type Method struct {
	Name string

	// Uses are the settings that it takes beside those that all methods do: keys,
	// or globs of path.Match such as model.*. Settings name the methods that ship
	// in their own tags.
	Uses []string

	// Defaults fills in what its configurations start from, over what all methods
	// have in common.
	Defaults func(*Config)
}

var methods = []Method{
	{Name: Classifier, Defaults: classifierDefaults},
	{Name: EDM, Defaults: edmDefaults},
	{Name: GDD, Defaults: gddDefaults},
	{Name: FD, Defaults: fdDefaults},
	{Name: Distill, Defaults: distillDefaults},
}

// AddMethod makes a method known, while packages initialise. A name that is
// taken panics.
func AddMethod(m Method) {
	if _, taken := methodOf(m.Name); taken || m.Name == "" {
		panic(fmt.Sprintf("configs: method %q, want a name that is not taken", m.Name))
	}
	for _, f := range schema {
		if f.matches(m.Uses) {
			byKey[f.key].users[m.Name] = true
		}
	}
	methods = append(methods, m)
}

// Methods lists the methods in the order in which one would train.
func Methods() []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Name
	}
	return names
}

func methodOf(name string) (Method, bool) {
	i := slices.IndexFunc(methods, func(m Method) bool { return m.Name == name })
	if i < 0 {
		return Method{}, false
	}
	return methods[i], true
}

// matches reports whether one of the globs is of the field's key.
func (f field) matches(globs []string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, f.key)
		return ok && err == nil
	})
}

// known holds, by key, who lists the names that a setting may have. Those of
// registries that configs cannot see come from programs that link them; elsewhere
// any name will do.
var known = map[string]func() []string{"method": Methods}

// KnownNames makes list say which names a setting may have: that of a registry
// which configs cannot see. It is called while packages initialise.
func KnownNames(key string, list func() []string) {
	if f, ok := byKey[key]; !ok || f.kind.Kind() != reflect.String || f.rule.names != nil {
		panic("configs: " + key + " is no setting that is chosen from a registry")
	}
	known[key] = list
}

// names lists the names that a setting may have; nil for one that has other
// values.
func (f field) names() []string {
	if list := known[f.key]; list != nil {
		return list()
	}
	return slices.Clone(f.rule.names)
}

// wanted says in words which values a setting may have.
func (f field) wanted() string {
	if names := f.names(); names != nil {
		return oneOf(names)
	}
	return f.want
}

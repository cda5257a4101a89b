package configs

import (
	"slices"
	"strings"
)

// networkKey names a published network, noNetwork none.
const (
	networkKey = "model.network"
	noNetwork  = "none"
)

// Auto leaves a choice to the architecture.
const Auto = "auto"

// published tells the settings of published networks, as far as the program knows
// some.
var published struct {
	names func() []string
	of    func(name string) Model
}

// KnownNetworks makes model.network known: names lists the published networks, and
// of says what a file that names one starts from. It is called while packages
// initialise.
func KnownNetworks(names func() []string, of func(name string) Model) {
	published.names, published.of = names, of
	KnownNames(networkKey, func() []string { return append([]string{noNetwork}, names()...) })
}

// networkOf is the published network that a file names, with its settings.
func networkOf(tree map[string]any) (Model, bool) {
	v, _ := lookup(tree, strings.Split(networkKey, "."))
	name, ok := v.(string)
	if !ok || published.of == nil || !slices.Contains(published.names(), name) {
		return Model{}, false
	}
	return published.of(name), true
}

// startFrom takes over the settings of the published network that a file names.
// What the file says besides comes over them. A name that is not known, and a
// method that has no such setting, are refused later, with their line.
func (c *Config) startFrom(tree map[string]any) {
	if m, ok := networkOf(tree); ok && byKey[networkKey].usedBy(c.Method) {
		c.Model = m
	}
}

// followNetwork replaces what a text states of a network by what the published one
// has that it names.
func followNetwork(text string) (string, error) {
	tree, _, layout, err := decode("config.toml", text)
	if err != nil {
		return "", err
	}
	var c Config
	var known bool
	if c.Model, known = networkOf(tree); !known {
		return text, nil
	}
	for _, f := range schema {
		if _, stated := layout.find(f.key); !stated || f.table() != "model" || f.key == networkKey || f.key == "model.init" {
			continue
		}
		if text, err = Set(text, f.key, format(f.of(&c).Interface())); err != nil {
			return "", err
		}
	}
	return text, nil
}

package configs

import (
	"maps"
	"slices"
)

// Reload parses the new text of a started run's configuration and checks that
// it differs from old in live settings only. On an error old stays in force.
func Reload(name, text string, old *Config) (*Config, error) {
	c, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	if err := CheckReload(old, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Edit changes settings of a started run by key, all or none, and returns the
// new text for the file beside what it says.
func Edit(name, text string, old *Config, set map[string]string) (string, *Config, error) {
	var err error
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if text, err = Set(text, key, set[key]); err != nil {
			return "", nil, err
		}
	}
	c, err := Reload(name, text, old)
	if err != nil {
		return "", nil, err
	}
	return text, c, nil
}

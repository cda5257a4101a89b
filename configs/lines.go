package configs

// Lines returns the line, from 1, on which each setting of a TOML text stands,
// in whatever layout; a text that doesn't parse has those it seems to have.
func Lines(text string) map[string]int {
	lines := map[string]int{}
	if len(text) > maxFileBytes {
		return lines
	}
	for _, e := range scanLayout(text).entries {
		if _, known := byKey[e.key]; known && lines[e.key] == 0 {
			lines[e.key] = e.line
		}
	}
	return lines
}

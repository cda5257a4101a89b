// Package configs is the settings of a run: schema, defaults, checks, shipped
// presets, edits that keep the user's layout, and watching the file.
//
// A setting is named by its dotted key in the TOML file, such as live.gen_lr.
// It is fixed once a run has started, or live (tables [live] and [freeze]): a
// live setting may change between two training steps. Which settings a run has
// depends on its method (edm, classifier or gdd); a key that the method does
// not use is refused like one that does not exist, because it would have no
// effect.
//
// Every error about a file is one line,
//
//	configs: config.toml:12: live.gen_lr: got -0.0001, want in (0, 1]
//
// A Config is a plain value: whoever reloads parses a new one, checks it with
// Validate (Parse has done so) and CheckReload, and swaps it whole.
package configs

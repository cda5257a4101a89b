// Package configs is the settings of a run: schema, defaults, checks, shipped
// presets, edits that keep the user's layout, and watching the file.
//
// A setting is named by its dotted key in the TOML file, such as live.gen_lr.
// It is fixed once a run has started, or live (tables [live] and [freeze], and
// what a tag says of others): a live setting may change between two training steps.
//
// Discriminators are the tables disc, disc1, disc2 and disc3, as which [[disc]] is
// read, too; those without features are not there. Which settings a run has
// depends on its method (edm, classifier or gdd); a key that the method does
// not use is refused like one that does not exist, because it would have no
// effect.
//
// What is known about a setting stands in the tags of its field in Config: its
// values, its meaning, the methods that use it. Messages, checks, help and forms
// all read it there (Doc, Entries).
//
// Every error about a file is one line,
//
//	configs: config.toml:12: live.gen_lr: got -0.0001, want in (0, 1]
//
// however long or deep what is wrong: a text over 1 MiB or 16 levels is refused
// before it is parsed. What is taken is TOML 1.0, so that other programs, such
// as Python's tomllib, read it, too.
//
// A Config is a plain value: a reload makes a new one by Reload, which
// checks it against the old one, and swaps it whole. A text that lacks settings
// which the running one states is refused, because it may be half of what its
// writer means to say: a line may go when no trainer runs.
package configs

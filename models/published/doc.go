// Package published knows the public files of the experiments in papers: where
// each comes from, what is known of its contents, and where it lies here once
// somebody has it. Settings and command lines name such a file as fetch:NAME.
// Nothing here speaks to a network: innate fetch does, by package download.
package published

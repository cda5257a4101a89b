// Package convert makes data sets of images as EDM's dataset_tool does: the same crop,
// Pillow's filter, the same names, labels and order, so that a set made here has the
// pixels of one made there. (JPEG sources may differ by some levels: see the tests of
// package files.) It also counts what a collection holds.
package convert

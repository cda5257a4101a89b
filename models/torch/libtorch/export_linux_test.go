//go:build (amd64 || arm64) && !static

package libtorch

// CheckCall holds the types of arguments, a letter each, against the schema of an
// operation in the text of a library.
func CheckCall(library, name, kinds string) error { return checkCall([]byte(library), name, kinds) }

// Or is an optional argument of a type.
func Or(k byte) string { return string([]byte{k | byte(optional)}) }

// Package pickle reads Python's pickles, protocol 2 to 5, as data. A pickle is a
// program that calls whatever it names; this machine calls nothing. It knows the
// opcodes, a list of names that may occur, and what the few that make plain data
// (ordered dicts, sets, NumPy's scalars and arrays) would have made. Calls of
// other names that a reader allows become an Object with the arguments, which
// that reader interprets. A name that nobody allows ends the reading.
//
// Time and memory are bounded whatever a file holds: machine.go has the limits.
// Byte strings and long texts are not read but remembered by their place, so that
// the weights in a pickle cost nothing until they are wanted. Values may refer to
// each other in cycles: who walks them counts its steps.
package pickle

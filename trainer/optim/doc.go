// Package optim changes parameters: Adam, the exponential moving average of the
// generator, and the rule that says which parameters train at all. It also
// measures how far they go: in a step, and from where they began.
//
// Everything is keyed by parameter name, so that state survives a change of the
// frozen set, a resume and a fork. One goroutine owns the values; steps
// allocate nothing and give the same bits for any number of threads.
package optim

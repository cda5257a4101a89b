// Package figures is what analyses have found of a network, as data: tables, heat
// maps and curves, each with what says how it was measured. It writes them into a run
// and reads them back, as JSON that holds all of it, as CSV and as pictures; it knows
// no networks, so that a screen can show them.
package figures

// Package session is one run as the screen knows it: what its files and its
// trainer say, and the orders that the screen gives it. It draws nothing.
//
// A Run belongs to Bubble Tea's loop and never waits: its methods return
// commands, whose results come back as the messages of this package. Each
// message carries who asked; what arrives for a run that is no longer open is
// dropped, also when the same run has been opened again meanwhile.
//
// Layers are the trained network: its tree (Network), what was measured
// (Statistics), what is marked and pending, the states that undo goes back to
// (FreezeHistory), and what a change would do to the speed (WhatIf, SpeedModel).
// LayerList is what of them shows, in which order, under a cursor.
//
// Runs are all runs of a directory, as the list of them shows them, and
// Histories the logs of some of them.
package session

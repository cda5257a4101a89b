// Package tui is the workbench: a list of runs, and a dashboard on one of them.
//
// App is the only tea.Model. What a view may ask of it, and it of a view, stands
// in tui/host; the runs, as the screen knows them, in tui/session. The run's
// history comes from its files, its presence from lock and heartbeat, and
// commands go to its control socket, so quitting the workbench changes nothing
// in the run and opening it again shows everything. Update never blocks: every
// file, socket and process is touched in commands.go, whose results return as
// the messages of messages.go.
//
// One table, keys.go, feeds dispatch, footer and help. The screen is cut into
// rectangles in layout.go. Pictures are placed over the frame by picture.go.
// Between Bubble Tea and the terminal stands terminal.go, which says when the
// terminal is asked and how it is given back; program.go ends the screen.
//
// Starting and resuming runs, and the rule behind the freezing presets, belong
// to packages that the workbench must not link; Options passes them in.
package tui

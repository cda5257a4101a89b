// Package alerts tells the user elsewhere what has happened to a run: its best FID so
// far, a divergence, its end, its trainer's death.
//
// Where alerts go is in a file of the user's own, alerts.toml in $XDG_CONFIG_HOME/innate
// or ~/.config/innate, and nowhere else:
//
//	webhook = "https://hooks.example.org/T0/B0"       # gets each as JSON, by POST
//	command = ["notify-send", "innate"]               # gets it on standard input
//
// A run's own settings only leave some out (alerts.mute). A config.toml may be somebody
// else's, by a fork, an import or a shared directory: it must neither run a program
// here nor name a server that gets to know of this run; and it is copied into
// checkpoints, logs and forks, where the address of a webhook, which is a secret, has
// no place. The command is a program and its arguments, which no shell reads, and to
// which nothing of the run is added: what happened is in its environment and on its
// standard input.
//
// Each alert is one JSON object, Alert. A webhook that answers with 2xx has it; other
// answers and none are tried again a few times. A command has half a minute and then
// is killed with all that it has started.
//
// A trainer sends its alerts beside the training (Sender). Its death it cannot send:
// a small process does, which waits for it to end (Watch). Where a scheduler or a loss
// of power kills both, the next trainer of the run sends it, late.
package alerts

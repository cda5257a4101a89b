package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"innate/trainer"
	"innate/trainer/run"
)

// process is what a command line says of a trainer's process. Nothing that the
// run computes depends on it, but for the last bits of numbers on another device,
// so a resumed run may have another.
type process struct {
	set    []string // run.device=NAME, run.threads=N, run.procs=N and run.nice=N, as edits of config.toml
	listen string   // address of the control API beside the socket
}

func (p *process) register(cmd *cobra.Command) {
	f := cmd.Flags()
	setting := func(flag, key, usage string) {
		f.Func(flag, usage, func(s string) error {
			p.set = append(p.set, key+"="+s)
			return nil
		})
	}
	setting("device", "run.device", "`device` to compute on: cpu, torch:cpu, cuda or cuda:N; the last three take a PyTorch that is installed")
	completeDevice(cmd)
	setting("threads", "run.threads", "`threads` to compute with, 0 for all cores; results do not depend on it")
	setting("procs", "run.procs", "`processes` on this machine that train together, each on a share of every batch")
	setting("nice", "run.nice", "niceness `0 to 19` of the trainer: 19 gives way to everything else")
	f.StringVar(&p.listen, "listen", "", "also answer at `address`, such as 127.0.0.1:7777, to who has the token in control.token")
}

func (p process) given() bool { return len(p.set) > 0 || p.listen != "" }

// adjust writes the settings into the config of a run without a trainer.
func (p process) adjust(dir string) error {
	if len(p.set) == 0 {
		return nil
	}
	set := map[string]string{}
	for _, s := range p.set {
		key, value, err := splitEdit(s)
		if err != nil {
			return err
		}
		set[key] = value
	}
	return trainer.Adjust(dir, set)
}

// args are the arguments that a spawned trainer needs beside its directory.
func (p process) args() []string {
	if p.listen == "" {
		return nil
	}
	return []string{"--listen", p.listen}
}

// warn says on standard error what a trainer in the background for dir would
// have to share its cores with, and what may end it before its time. The trainer
// notes the same in the run's events.
func (c *cli) warn(dir string) {
	for _, text := range c.warnings(dir) {
		fmt.Fprintf(c.err, "innate: %s\n", text)
	}
}

// warnings are what warn says.
func (c *cli) warnings(dir string) []string {
	all := trainer.Hazards(c.getenv, true)
	if text := trainer.Occupancy(dir); text != "" {
		all = append(all, text)
	}
	return all
}

// epitaph says how a run without a trainer ended and how to resume it; "" for one
// that ended well.
func epitaph(info run.Info) string {
	s := info.Status
	var said string
	switch s.State {
	case run.StateDead:
		said = lastWords(info.Dir)
	case run.StateFailed:
		said = s.Error
	case run.StateUnreadable:
		return fmt.Sprintf("%s cannot be read: %s", info.Name, run.OneLine(s.Error))
	default:
		return ""
	}
	in := ""
	if s.Job != "" {
		in = " in " + run.OneLine(s.Job)
		if s.JobState != "" {
			in += ", " + s.JobState
		}
	}
	return fmt.Sprintf("%s is %s%s: %s; %s", run.OneLine(info.Name), s.State, in, run.OneLine(said), hint(info))
}

// lastWords is the end of a trainer's log in one line.
func lastWords(dir string) string {
	if said := strings.Join(run.LastWords(dir, 3), " | "); said != "" {
		return said
	}
	return "its log says nothing"
}

// hint says how to resume a run that has no trainer.
func hint(info run.Info) string {
	return fmt.Sprintf("innate resume %s %s", reference(info.Dir), from(info.Status))
}

// from words where a run is resumed.
func from(s run.Status) string {
	if s.CheckpointNimg > 0 {
		return fmt.Sprintf("continues from %.1f kimg", float64(s.CheckpointNimg)/1000)
	}
	return "begins again"
}

// reference is what a command line may call the run in dir without --runs: its
// name, if that leads there, or else its path, quoted where a shell wants it.
func reference(dir string) string {
	if strings.ContainsFunc(dir, unicode.IsControl) { // which would reach the terminal as they are
		quoted := strconv.Quote(dir)
		quoted = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
		return "$'" + strings.ReplaceAll(quoted, "'", `\'`) + "'"
	}
	name := filepath.Base(dir)
	if found, err := run.Find(run.RunsDir(""), name); err == nil && found == dir && !strings.HasPrefix(name, "-") {
		return name
	}
	special := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+,:@%=", r)
	}
	if !strings.ContainsFunc(dir, special) {
		return dir
	}
	return "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
}

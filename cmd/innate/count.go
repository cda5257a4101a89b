package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"innate/models/device/devices"
)

// Bounds of what a command line may ask for, those of the settings of the same
// name where there are such.
const (
	maxImages  = 1_000_000
	maxDrawn   = 65_536 // samples of one picture
	maxSteps   = 1000
	maxThreads = 1024
	maxProcs   = 64
	maxLines   = 1_000_000_000
)

// count is a flag that takes a whole number within bounds; any other is wrong
// usage.
type count struct {
	value  *int
	lo, hi int
}

// countFlag is f.Int for a number from lo to hi. The default may lie outside; help
// tells it where it means a number.
func countFlag(f *pflag.FlagSet, name string, value, lo, hi int, usage string) *int {
	countVar(f, &value, name, lo, hi, usage)
	return &value
}

// countVar is countFlag for a variable, whose value is the default.
func countVar(f *pflag.FlagSet, value *int, name string, lo, hi int, usage string) {
	f.Var(count{value, lo, hi}, name, usage)
	if *value <= 0 {
		f.Lookup(name).DefValue = "" // usage says what happens without the flag
	}
}

// threadsFlag is the flag of commands that compute in their own process.
func threadsFlag(f *pflag.FlagSet) *int {
	return countFlag(f, "threads", 0, 0, maxThreads, "`threads`, 0 for all cores")
}

// deviceFlag is the flag of commands that compute in their own process.
func deviceFlag(cmd *cobra.Command) *string {
	device := cmd.Flags().String("device", devices.CPU, "`device` to compute on: cpu, torch:cpu, cuda or cuda:N")
	completeDevice(cmd)
	return device
}

// drawFlags are the flags of commands that draw images in their own process. How
// many they draw differs in default and bounds.
type drawFlags struct {
	n, steps, threads *int
	seed              *uint64
	device            *string
}

func newDrawFlags(cmd *cobra.Command, n *int) drawFlags {
	f := cmd.Flags()
	return drawFlags{
		n:       n,
		seed:    f.Uint64("seed", 0, "first `seed`; every image has its own"),
		steps:   countFlag(f, "steps", 0, 0, maxSteps, "1, or Heun `steps` of 2 and more; default: what the network is for"),
		threads: threadsFlag(f),
		device:  deviceFlag(cmd),
	}
}

func completeDevice(cmd *cobra.Command) {
	complete(cmd, "device", cobra.FixedCompletions([]string{devices.CPU, "torch:cpu", "cuda"}, cobra.ShellCompDirectiveNoFileComp))
}

func (c count) String() string { return strconv.Itoa(*c.value) }

// Type names the kind of value in help, which usage names better.
func (c count) Type() string { return "count" }

// Set's errors are worded by flagError.
func (c count) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < c.lo || n > c.hi {
		return fmt.Errorf("want a whole number from %d to %d", c.lo, c.hi)
	}
	*c.value = n
	return nil
}

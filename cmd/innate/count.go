package main

import (
	"flag"
	"fmt"
	"strconv"
)

// Bounds of what a command line may ask for, those of the settings of the same
// name where there are such.
const (
	maxImages  = 1_000_000
	maxDrawn   = 65_536 // samples of one picture
	maxSteps   = 1000
	maxThreads = 1024
	maxLines   = 1_000_000_000
)

// count is a flag that takes a whole number within bounds; any other is wrong
// usage.
type count struct {
	value  *int
	lo, hi int
}

// countFlag is f.Int for a number from lo to hi. The default may lie outside.
func countFlag(f *flag.FlagSet, name string, value, lo, hi int, usage string) *int {
	f.Var(count{&value, lo, hi}, name, usage)
	return &value
}

// threadsFlag is the flag of commands that compute in their own process.
func threadsFlag(f *flag.FlagSet) *int {
	return countFlag(f, "threads", 0, 0, maxThreads, "`threads`, 0 for all cores")
}

func (c count) String() string {
	if c.value == nil { // the flag package asks a zero count for its text
		return ""
	}
	return strconv.Itoa(*c.value)
}

// Set's errors follow the flag package's own `invalid value "-5" for flag -n: `.
func (c count) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < c.lo || n > c.hi {
		return fmt.Errorf("want a whole number from %d to %d", c.lo, c.hi)
	}
	*c.value = n
	return nil
}

package main

import (
	"errors"
	"os"
	"runtime/pprof"
)

// cpuProfile is a file that a CPU profile is being written to.
type cpuProfile struct{ *os.File }

// startCPUProfile profiles this process to its end, if path says where to.
func (c *cli) startCPUProfile(path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return usagef("--cpuprofile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	c.cpuProfile = cpuProfile{f}
	return nil
}

// Close ends the profile.
func (p cpuProfile) Close() error {
	pprof.StopCPUProfile()
	return p.File.Close()
}

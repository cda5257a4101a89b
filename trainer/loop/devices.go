package loop

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"innate/configs"
	"innate/models/device"
	"innate/models/device/devices"
	"innate/trainer/method"
	"innate/trainer/ranks"
)

// openDevice opens the device of a configuration, used as it says.
//
// Of several processes on one machine each has the GPU of its number and its part of
// the cores; a process alone has no group.
func openDevice(c *configs.Config, g *ranks.Group) (device.Device, error) {
	r := c.Run
	if g != nil {
		var err error
		if r.Device, r.Threads, err = placeDevice(r.Device, r.Threads, g.Place()); err != nil {
			return nil, c.At("run.device", err)
		}
	}
	return devices.Open(r.Device, devices.Options{Threads: r.Threads, ChannelsLast: r.ChannelsLast, TF32: r.TF32, CUDAGraphs: r.CUDAGraphs})
}

// Trial is what some training steps of a configuration gave on one device.
type Trial struct {
	Device string
	Losses []map[string]float64 // of every step
	Step   time.Duration        // the mean of all steps but the first
	Start  time.Duration        // until the first step was done
}

// placeDevice is what a process among others on its machine has of a device's name and
// of a number of threads: the GPU of its number there, and its part of the cores where
// all are wanted.
func placeDevice(name string, threads int, p ranks.Place) (string, int, error) {
	switch {
	case name == "cuda":
		name = fmt.Sprintf("cuda:%d", p.Local)
	case strings.HasPrefix(name, "cuda:") && p.LocalSize != 1:
		return "", 0, fmt.Errorf("run.device: %s for %d processes, want cuda: each takes the GPU of its number on its machine", name, p.Size)
	}
	if threads == 0 && p.LocalSize > 1 {
		threads = max(1, runtime.NumCPU()/p.LocalSize)
	}
	return name, threads, nil
}

// inMemory is a loop on dev that is ready to train as a configuration says, whose
// paths count from dir, and has no run directory. Who asks for it closes the device
// and the loader.
func inMemory(dev device.Device, cfg *configs.Config, dir string) (*Loop, error) {
	l := &Loop{cfg: cfg, dir: dir, scalars: method.NewScalars()}
	if err := l.build(dev, func(string) {}); err != nil {
		return nil, err
	}
	if err := l.prepareMethod(); err != nil {
		l.loader.Close()
		return nil, err
	}
	return l, nil
}

// TryDevice trains for some steps as a configuration says, in memory alone, on a
// device, which it closes. It ends early, with the error of ctx, when ctx does.
func TryDevice(ctx context.Context, dev device.Device, cfg *configs.Config, dir string, steps int) (*Trial, error) {
	start := time.Now()
	defer dev.Close()
	l, err := inMemory(dev, cfg, dir)
	if err != nil {
		return nil, err
	}
	defer l.loader.Close()
	t := &Trial{Device: dev.Info().Name}
	for i := range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l.scalars = method.NewScalars()
		if err := l.trainStep(); err != nil {
			return nil, err
		}
		l.method.Collect(l.scalars)
		t.Losses = append(t.Losses, l.scalars.Means())
		if i == 0 {
			t.Start = time.Since(start)
			start = time.Now()
		}
	}
	t.Step = time.Since(start) / time.Duration(max(1, steps-1))
	return t, nil
}

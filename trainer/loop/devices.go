package loop

import (
	"context"
	"time"

	"innate/configs"
	"innate/models/device"
	"innate/models/device/devices"
	"innate/trainer/method"
)

// openDevice opens the device of a configuration, used as it says.
func openDevice(c *configs.Config) (device.Device, error) {
	r := c.Run
	return devices.Open(r.Device, devices.Options{Threads: r.Threads, ChannelsLast: r.ChannelsLast, TF32: r.TF32})
}

// Trial is what some training steps of a configuration gave on one device.
type Trial struct {
	Device string
	Losses []map[string]float64 // of every step
	Step   time.Duration        // the mean of all steps but the first
	Start  time.Duration        // until the first step was done
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

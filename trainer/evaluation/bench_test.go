package evaluation_test

import (
	"fmt"
	"testing"

	"innate/metrics"
	"innate/models/device/devices"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/precond"
	"innate/models/weights"
	"innate/trainer/loop"
	"innate/trainer/method"
)

// BenchmarkParts times what an evaluation of MNIST does for an image, on one thread in
// processor time: drawing noise, the one-step generator, the feature network, sums.
func BenchmarkParts(b *testing.B) {
	const slice = 250
	dev, err := devices.Open(devices.CPU, devices.Options{Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer dev.Close()
	file, err := weights.Open("builtin:mnist-teacher")
	if err != nil {
		b.Fatal(err)
	}
	den, err := method.OpenDenoiser(file)
	if err != nil {
		b.Fatal(err)
	}
	net, err := loop.OpenFeatures("builtin:mnist-fid-cnn", features.OwnInput)
	if err != nil {
		b.Fatal(err)
	}
	shape := den.Net.Shape()
	image := graph.Shape{shape.Resolution, shape.Resolution, shape.Channels}
	latents := loop.NewLatents(den, slice)
	latents.Draw(0)
	images, rows := make([]float32, len(latents.Z)), make([]float32, slice*net.Dim())
	part := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			before := loop.ProcessorTime()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((loop.ProcessorTime()-before).Seconds()*1e6/float64(b.N*slice), "cpu-us/image")
		})
	}
	part("draw", func() error { latents.Draw(0); return nil })
	for _, batch := range []int{10, 25, 50, 125, 250} {
		sampler, err := precond.NewSampler(dev, den, batch)
		if err != nil {
			b.Fatal(err)
		}
		part(fmt.Sprintf("generate/%d", batch), func() error { return latents.Generate(sampler, 1, images) })
	}
	part("levels", func() error { metrics.Quantize(images, images); return nil })
	for _, batch := range []int{10, 25, 50, 125, 250} {
		extractor, err := features.NewExtractor(dev, net, image, batch)
		if err != nil {
			b.Fatal(err)
		}
		part(fmt.Sprintf("features/%d", batch), func() error { return extractor.Features(images, rows) })
	}
	sums := metrics.NewAccumulator(net.Dim())
	part("sums", func() error { sums.Add(rows, slice); return nil })
}

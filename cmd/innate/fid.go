package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"innate/configs"
	"innate/metrics"
	"innate/models/device/devices"
	"innate/models/precond"
	"innate/trainer/data"
	datafiles "innate/trainer/data/files"
	"innate/trainer/loop"
)

// fidFlags say how to measure.
type fidFlags struct {
	drawFlags
	statistic, features, ref *string
	json                     *bool
}

func (c *cli) fidCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fid RUN|FILE", Short: "FID of a network; fid ref FILE: reference statistics",
		Args: oneArg(wantNetwork), ValidArgsFunction: c.completeNetwork,
		Example: examples("fid 3", "of a run's averaged weights, with 5,000 images",
			"fid builtin:mnist-teacher --n 50000", "as papers measure"),
	}
	f := cmd.Flags()
	s := fidFlags{
		drawFlags: newDrawFlags(cmd, countFlag(f, "n", 5000, 2, maxImages, "`images` to generate")),
		statistic: f.String("statistic", "fid", "`number` that is made of the features: "+strings.Join(metrics.Statistics.Names(), " | ")),
		features:  featuresFlag(f),
		ref:       pathFlag(f, "ref", "builtin:mnist-fid-ref", "reference `statistics`: builtin:NAME or an npz file; default: builtin:mnist-fid-ref"),
		json:      jsonFlag(f),
	}
	complete(cmd, "statistic", cobra.FixedCompletions(metrics.Statistics.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return fid(cmd.Context(), c, args[0], s) }
	cmd.AddCommand(c.fidRefCommand())
	return cmd
}

func featuresFlag(f *pflag.FlagSet) *string {
	return pathFlag(f, "features", "builtin:mnist-fid-cnn", "feature `network`: builtin:NAME or a file; default: builtin:mnist-fid-cnn")
}

// fid measures the network that ref names.
func fid(ctx context.Context, c *cli, network string, s fidFlags) error {
	den, k, err := openDenoiser(c, c.runs, network, *s.steps)
	if err != nil {
		return err
	}
	dev, err := devices.Open(*s.device, devices.Options{Threads: *s.threads})
	if err != nil {
		return err
	}
	defer dev.Close()
	const batch = 50
	sampler, err := precond.NewSampler(dev, den, batch)
	if err != nil {
		return err
	}
	latents := loop.NewLatents(den, batch)
	net, err := loop.OpenFeatures(*s.features)
	if err != nil {
		return err
	}
	shape := den.Net.Shape()
	measure, err := loop.OpenJudge(dev, []string{*s.statistic}, net, *s.ref, shape.Resolution, shape.Channels, metrics.CollectorConfig{
		Source: func(first int, images []float32) error {
			latents.Draw(*s.seed + uint64(first))
			return errors.Join(latents.Generate(sampler, k, images), ctx.Err())
		},
		SourceBatch: batch, Values: sampler.Pixels(), Nimg: *s.n,
	})
	if err != nil {
		return err
	}
	value, err := measure.Run(ctx)
	if err != nil {
		return err
	}
	if *s.json {
		return printJSON(c.out, map[string]any{"network": network, "metric": measure.Label(), "value": value,
			"images": *s.n, "first_seed": *s.seed, "steps": k, "nfe": max(1, 2*k-1)})
	}
	fmt.Fprintf(c.out, "%s %.3f  (%d images, seeds from %d, %d steps, NFE %d)\n", measure.Label(), value, *s.n, *s.seed, k, max(1, 2*k-1))
	return nil
}

// fidRefCommand measures the statistics of the training images.
func (c *cli) fidRefCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ref FILE", Short: "reference statistics of the training images, as an npz file",
		Args: oneArg("npz FILE to write"),
	}
	features, threads, on := featuresFlag(cmd.Flags()), threadsFlag(cmd.Flags()), deviceFlag(cmd)
	sets := slices.DeleteFunc(data.Sources.Names(), func(name string) bool { return name == datafiles.Name })
	dataset := cmd.Flags().String("dataset", sets[0], "`set` of images: "+strings.Join(sets, " | ")+", or the path of a zip, a folder or a file")
	complete(cmd, "dataset", cobra.FixedCompletions(sets, cobra.ShellCompDirectiveDefault))
	vectors := cmd.Flags().Bool("vectors", false, "also write the features of every image, which KID, precision, recall, density and coverage compare with")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dev, err := devices.Open(*on, devices.Options{Threads: *threads})
		if err != nil {
			return err
		}
		defer dev.Close()
		images, err := openSet(*dataset)
		if err != nil {
			return err
		}
		defer data.Close(images)
		set, err := loop.ReferenceSet(cmd.Context(), dev, images, *features, *vectors)
		if err != nil {
			return err
		}
		return metrics.SaveSet(filepath.Clean(args[0]), set)
	}
	return cmd
}

// openSet opens images by the name of a data set, or a path. One that is broken is an
// error: a reference is of all images, each once.
func openSet(ref string) (data.Dataset, error) {
	o := data.Options{Path: configs.ExpandHome(ref), Stop: true}
	if slices.Contains(data.Sources.Names(), ref) {
		return data.Open(ref, o)
	}
	return data.Open(datafiles.Name, o)
}

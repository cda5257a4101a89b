package main

import (
	"fmt"
	"math"

	"innate/models/device/devices"
	"innate/trainer/analysis"
	"innate/trainer/results"
)

// compareOutputs prints how far the outputs of a network's modules are from those that a
// file has recorded, and fails with the first that is further than the tolerance. It
// computes on the processor, whose sums are float32.
func compareOutputs(c *cli, ref, key, path string, tolerance float64, asJSON bool) error {
	if !(tolerance >= 0) {
		return usagef("inspect --tolerance: got %g, want 0 or more", tolerance)
	}
	recording, err := analysis.ReadRecording(path)
	if err != nil {
		return err
	}
	file, err := openKey(c, ref, key)
	if err != nil {
		return err
	}
	net, err := analysis.Open(ref, file)
	if err != nil {
		return err
	}
	dev, err := devices.Open(devices.CPU, devices.Options{})
	if err != nil {
		return err
	}
	defer dev.Close()
	list, others, err := analysis.CompareOutputs(dev, net, recording)
	if err != nil {
		return err
	}
	var far []string
	rows := [][]string{}
	for _, d := range list {
		difference := fmt.Sprintf("%.2g", d.Difference)
		if d.Difference == math.MaxFloat64 {
			difference = "not finite"
		}
		if d.Difference > tolerance {
			far = append(far, d.Module)
			difference += " !"
		}
		rows = append(rows, []string{d.Module, fmt.Sprint(d.Shape), fmt.Sprintf("%.4g", d.Largest), difference})
	}
	if asJSON {
		err = printJSON(c.out, list)
	} else if err = results.WriteTable(c.out, "text", []string{"module", "shape", "largest", "difference"}, rows); err == nil && len(others) > 0 {
		fmt.Fprintf(c.out, "%d more were recorded, such as %s, whose outputs innate does not have by themselves\n", len(others), results.Printable(others[0]))
	}
	if err != nil || len(far) == 0 {
		return err
	}
	return fmt.Errorf("%s and %s differ in %d of %d modules by more than %g, first in %q", ref, path, len(far), len(list), tolerance, far[0])
}

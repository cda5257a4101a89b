package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"innate/trainer/loop"
)

// dryRun prints what a run of a configuration would take, without making one.
func dryRun(c *cli, config string, e edits, asJSON bool) error {
	_, cfg, err := prepare(config, e)
	if err != nil {
		return err
	}
	m, err := loop.PredictMemory(cfg, "")
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.out, m)
	}
	printMemory(c.out, m, cfg.Run.Device)
	return nil
}

// printMemory writes a prediction as tables, for a run on a device that may be another
// than that foretold.
func printMemory(out io.Writer, m *loop.Memory, device string) {
	fmt.Fprintf(out, "%s, batch %d, %d threads: %s of memory at most", m.Method, m.Batch, m.Threads, mebibytes(int64(m.Most)))
	if device != m.Device {
		fmt.Fprintf(out, " on the device %s\nOn %s memory is PyTorch's to share out, and nothing foretells it; weights, and all of the disk, are the same.", m.Device, device)
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer w.Flush()
	fmt.Fprintln(w, "\nNETWORK\tPARAMETERS\tTRAINABLE\tWEIGHTS\t")
	for _, n := range m.Networks {
		trainable := fmt.Sprint(n.Trainable)
		if n.Trainable == 0 {
			trainable = string(n.Role)
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t\n", n.Name, n.Params, trainable, mebibytes(int64(n.Bytes)))
	}
	fmt.Fprintln(w, "\nPROGRAM\tACTIVATIONS\tSCRATCH\tRESULTS\tINPUTS\t")
	for _, p := range m.Programs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", p.Stage,
			mebibytes(int64(p.Activations)), mebibytes(int64(p.Scratch)), mebibytes(int64(p.Results)), mebibytes(int64(p.Inputs)))
	}
	fmt.Fprintln(w, "\nMEMORY\t\t")
	for _, part := range []struct {
		name  string
		bytes int
	}{
		{"activations and scratch, shared", m.Workspace},
		{"weights", m.Weights}, {"gradients", m.Gradients}, {"optimizer", m.Optimizer}, {"averaged weights", m.Average},
		{"frozen networks", m.Frozen}, {"weights at the start", m.Start}, {"frozen weights, packed", m.Packed}, {"data set", m.Data},
		{"evaluation", m.Evaluation}, {"of it weights as they were at its start", m.Measured}, {"samples", m.Samples}, {"copy for a checkpoint", m.Copy}, {"program and graphs", m.Process},
		{"at most", m.Peak},
	} {
		fmt.Fprintf(w, "%s\t%s\t\n", part.name, mebibytes(int64(part.bytes)))
	}
	if len(m.Schedule) > 0 {
		fmt.Fprintln(w, "\nFREEZE SCHEDULE\tTRAINABLE\tACTIVATIONS\tOPTIMIZER\tAT MOST\tCHECKPOINT\tWORK OF A STEP\t")
		for _, e := range m.Schedule {
			fmt.Fprintf(w, "from %v kimg\t%d\t%s\t%s\t%s\t%s\t%.2f times\t\n", e.AtKimg, e.Trainable,
				mebibytes(int64(e.Workspace)), mebibytes(int64(e.Optimizer)), mebibytes(int64(e.Peak)), mebibytes(int64(e.Checkpoint)), e.Work)
		}
	}
	fmt.Fprintln(w, "\nDISK\t\t")
	fmt.Fprintf(w, "a checkpoint\t%s\t\n", mebibytes(int64(m.Checkpoint)))
	fmt.Fprintf(w, "those that stay, %d, and the best network\t%s\t\n", m.Checkpoints, mebibytes(int64(m.Disk)))
	if m.WaysBack > 0 {
		fmt.Fprintf(w, "after %d live changes, to go back to, up to\t%s\t\n", m.WaysBack, mebibytes(int64(m.WaysBackDisk)))
	}
}

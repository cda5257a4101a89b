package analysis

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// lineFile keeps the numbers of a probe as they come, one JSON object a line, so that
// one that was killed continues.
type lineFile struct{ *os.File }

// openLines opens the file of all numbers that may stand beside each other: its name
// is a digest of the two networks, the judge, the images and the device.
func (p *prober) openLines() error {
	identity := fmt.Sprintf("innate probe 1: %s and %s, %s; %d images from seed %d, %d at once, on %s %s",
		p.student.Weights, p.teacher.Weights, p.scale.identity, p.setup.N, p.setup.Seed, imageBatch, p.setup.Dev.Info().Name, p.setup.Dev.Info().Kernels)
	sum := sha256.Sum256([]byte(identity))
	if err := os.MkdirAll(p.how.Folder, 0o755); err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	path := filepath.Join(p.how.Folder, strings.Replace(filepath.Base(run.ProbeLines), "*", hex.EncodeToString(sum[:6]), 1))
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	p.lines = &lineFile{f}
	if err := p.readLines(); err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

// readLines takes up what is there. A line that a kill left torn is ended, and counts
// as nothing.
func (p *prober) readLines() error {
	lines := bufio.NewScanner(p.lines)
	for lines.Scan() {
		var m probed
		if json.Unmarshal(lines.Bytes(), &m) == nil && m.By != "" {
			p.kept[m.key()] = m
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("analysis: %s: %w", p.lines.Name(), err)
	}
	if err := runlog.EndTornLine(p.lines.File); err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	return nil
}

func (f *lineFile) append(m probed) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("analysis: %s: %w", f.Name(), err)
	}
	if _, err := f.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	return nil
}

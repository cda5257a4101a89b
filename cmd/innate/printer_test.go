package main

import (
	"fmt"
	"strings"
	"testing"
)

// gated is a writer that waits until it is let go.
type gated struct {
	begun, proceed chan struct{}
	text           strings.Builder
}

func (g *gated) Write(b []byte) (int, error) {
	g.begun <- struct{}{}
	<-g.proceed
	return g.text.Write(b)
}

// TestFaultPrinterDoesNotWait prints more than there is room for while nobody
// reads, and then a line more.
func TestFaultPrinterDoesNotWait(t *testing.T) {
	to := &gated{begun: make(chan struct{}, 2*printerLines), proceed: make(chan struct{})}
	p := newPrinter(to)
	fmt.Fprintln(p, "first")
	<-to.begun
	for i := range printerLines + 3 {
		fmt.Fprintln(p, "line", i)
	}
	to.proceed <- struct{}{}
	<-to.begun // a line was taken: there is room for one
	fmt.Fprintln(p, "last")
	close(to.proceed)
	p.Close()
	fmt.Fprintln(p, "too late")
	got := to.text.String()
	want := fmt.Sprintf("line %d\n… 3 lines that nobody read left out\nlast\n", printerLines-1)
	if !strings.HasPrefix(got, "first\nline 0\nline 1\n") || !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant it to end with\n%s", got, want)
	}
}

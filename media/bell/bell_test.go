package bell

import (
	"errors"
	"os"
	"testing"
	"time"
)

func TestBell(t *testing.T) {
	b, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Wait(time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("not rung: %v, want %v", err, os.ErrDeadlineExceeded)
	}
	b.w.Write([]byte{0})
	if err := b.Wait(time.Hour); err != nil {
		t.Errorf("rung: %v", err)
	}
	done := make(chan error)
	go func() { done <- b.Wait(time.Hour) }()
	for {
		b.Silence()
		select {
		case err := <-done:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("silenced: %v, want %v", err, os.ErrDeadlineExceeded)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

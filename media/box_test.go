package media

import "testing"

func TestBoxKeepsTheNewest(t *testing.T) {
	var b Box[int]
	if _, ok := b.Take(); ok {
		t.Error("something in an empty box")
	}
	if _, dropped := b.Put(1); dropped {
		t.Error("the first was said to replace something")
	}
	if unused, dropped := b.Put(2); !dropped || unused != 1 {
		t.Errorf("got back %d, %v, want 1", unused, dropped)
	}
	<-b.Ready()
	if v, ok := b.Take(); !ok || v != 2 {
		t.Errorf("took %d, %v, want 2", v, ok)
	}
	if b.Dropped() != 1 {
		t.Errorf("dropped %d, want 1", b.Dropped())
	}
}

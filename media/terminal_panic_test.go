package media

import "testing"

func TestRestoreOnPanicLetsThePanicGoOn(t *testing.T) {
	defer func() {
		if fault := recover(); fault != "broken" {
			t.Errorf("recovered %v", fault)
		}
	}()
	func() {
		defer RestoreOnPanic()
		panic("broken")
	}()
}

package relay

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog takes pion's log lines over. All of them may hold addresses of users, and
// some come for each packet: they are for debugging, whatever level pion gives them.
type pionLog struct{ log *slog.Logger }

func (l pionLog) NewLogger(string) logging.LeveledLogger { return l }

func (l pionLog) add(msg string) { l.log.Debug("pion: " + msg) }

func (l pionLog) addf(format string, args []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.add(fmt.Sprintf(format, args...))
	}
}

func (l pionLog) Trace(string)                      {}
func (l pionLog) Tracef(string, ...any)             {}
func (l pionLog) Debug(msg string)                  { l.add(msg) }
func (l pionLog) Debugf(format string, args ...any) { l.addf(format, args) }
func (l pionLog) Info(msg string)                   { l.add(msg) }
func (l pionLog) Infof(format string, args ...any)  { l.addf(format, args) }
func (l pionLog) Warn(msg string)                   { l.add(msg) }
func (l pionLog) Warnf(format string, args ...any)  { l.addf(format, args) }
func (l pionLog) Error(msg string)                  { l.add(msg) }
func (l pionLog) Errorf(format string, args ...any) { l.addf(format, args) }

package i2pd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// startFile says how the child was started. It is written before each start.
const startFile = "child.json"

// asStarted is how a child is started.
type asStarted struct {
	Program  string
	Args     []string
	Port     int
	I2CP     int `json:",omitempty"` // its port
	Settings string
}

func (k *keeper) asStarted(port, i2cp int) ([]byte, error) {
	return json.Marshal(asStarted{k.program, k.args, port, i2cp, configuration(port, i2cp, k.verify)})
}

// adopt returns the child that an earlier host left on the folder, if this Router would start the same and let it stay. Any
// other is ended, as are those that do not tell how they were started. It returns nil if there is none.
func (k *keeper) adopt() (*process, error) {
	p, err := leftBehind(k.folder, k.log)
	if p == nil || err != nil {
		return nil, err
	}
	if port, i2cp := k.wouldStart(); port != 0 {
		k.log.Info("i2pd that was left running is taken over", "pid", p.pid)
		k.port, k.i2cpPort = port, i2cp
		return p, nil
	}
	k.log.Info("i2pd that was left running is ended: it was started with other settings", "pid", p.pid)
	p.stop()
	return nil, nil
}

// wouldStart returns the ports of the last start, if a start now would be the same, or 0.
func (k *keeper) wouldStart() (port, i2cp int) {
	text, err := os.ReadFile(filepath.Join(k.folder.path, startFile))
	var was asStarted
	if !k.r.Stay || err != nil || json.Unmarshal(text, &was) != nil || k.r.Port != 0 && k.r.Port != was.Port {
		return 0, 0
	}
	if now, err := k.asStarted(was.Port, was.I2CP); err != nil || !bytes.Equal(now, text) || k.i2cp != (was.I2CP != 0) {
		return 0, 0
	}
	return was.Port, was.I2CP
}

// Stop ends the child even with Stay, including one that an earlier program has left on Dir, and then does what Close
// does. It fails with [ErrInUse] if another Router has Dir, or if the process of the child cannot be identified.
func (r *Router) Stop() error {
	r.mu.Lock()
	r.ending = true
	r.mu.Unlock()
	if err := r.Close(); err != nil || r.Dir == "" {
		return err
	}
	if _, err := os.Lstat(r.Dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f, err := openFolder(r.Dir)
	if err != nil {
		return err
	}
	p, err := leftBehind(f, logger(r.Logger))
	if p != nil {
		p.stop()
	}
	return errors.Join(err, f.close())
}

// checkStay fails where a child cannot stay.
func (r *Router) checkStay() error {
	switch {
	case !r.Stay:
		return nil
	case r.Dir == "":
		return fmt.Errorf("%w: a child that stays needs a folder that stays", ErrDir)
	case !canStay:
		return fmt.Errorf("i2pd: a child cannot stay here: %w", errors.ErrUnsupported)
	}
	return nil
}

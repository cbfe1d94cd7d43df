package seal

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/sqldb"
)

// Source is the source of an installation's keys.
type Source struct {
	Key      string // "" to use File
	Previous string // previous key, "" for none
	File     string // created with a new key if Key is "" and the database has no key yet
}

// WrongKeyError is the error of Open if the database is sealed with a key that
// the source lacks.
type WrongKeyError struct {
	Known string // id of the key of the database
	Have  string // id of the key of the source, "" for none
}

func (e *WrongKeyError) Error() string {
	return fmt.Sprintf("the secrets in the database are sealed with the key %s, not with the present key %q", e.Known, e.Have)
}

// Open returns the keys of an installation and records the current one in the
// database, so that a node with another key fails with WrongKeyError. If the
// database is sealed with the previous key, call Rotate afterwards.
func Open(ctx context.Context, db *sqldb.DB, from Source, now int64) (*Keyring, error) {
	known, err := selectKeyID(ctx, db)
	if err != nil {
		return nil, err
	}
	ring, err := from.keyring(known)
	if err != nil || ring.ID() == known {
		return ring, err
	}
	if known != "" && !ring.has(known) {
		return nil, &WrongKeyError{known, ring.ID()}
	}
	var current string
	err = db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := replaceKeyID(ctx, tx, ring.ID(), known, now); err != nil {
			return err
		}
		current, err = selectKeyID(ctx, tx)
		return err
	})
	if err == nil && current != ring.ID() { // another node was faster
		err = &WrongKeyError{current, ring.ID()}
	}
	if err != nil {
		return nil, err
	}
	return ring, nil
}

// keyring creates a key only if the database has none: otherwise it would hide
// the loss of the file.
func (s Source) keyring(known string) (*Keyring, error) {
	var previous []string
	if s.Previous != "" {
		previous = append(previous, s.Previous)
	}
	key, err := s.Key, error(nil)
	if key == "" {
		key, err = readKeyFile(s.File)
	}
	if err != nil {
		return nil, err
	}
	if key != "" {
		return New(key, previous...)
	}
	if known != "" {
		old, err := New(s.Previous)
		if s.Previous == "" || err == nil && !old.has(known) {
			return nil, &WrongKeyError{known, ""}
		}
		if err != nil {
			return nil, err
		}
	}
	if key, err = createKeyFile(s.File); err != nil {
		return nil, err
	}
	return New(key, previous...)
}

// ReadKeyFile returns the key in a file and its id, "" if the file does not
// exist.
func ReadKeyFile(path string) (key, keyID string, err error) {
	if key, err = readKeyFile(path); err != nil || key == "" {
		return "", "", err
	}
	ring, err := New(key)
	return key, ring.ID(), err
}

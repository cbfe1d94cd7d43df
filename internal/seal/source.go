package seal

import (
	"context"
	"fmt"

	"github.com/regulars/regulars/internal/sqldb"
)

// Source says where an installation's keys come from.
type Source struct {
	Key      string // "": the one in File
	Previous string // that sealed before; "": none
	File     string // made where no key is given and none was used yet
}

// WrongKeyError is what Open says when the database was sealed with a key that
// is not here.
type WrongKeyError struct {
	Known string // id of the key that the database was sealed with
	Have  string // id of the key that is here, "" when there is none
}

func (e *WrongKeyError) Error() string {
	return fmt.Sprintf("the secrets in the database are sealed with the key %s, and here is the key %q", e.Known, e.Have)
}

// Open returns the keys of an installation, and has the database remember
// which one seals: a node with another one fails with WrongKeyError. A
// previous key gives way to the current one; Renew then seals anew.
func Open(ctx context.Context, db *sqldb.DB, from Source, now int64) (*Ring, error) {
	known, err := remembered(ctx, db)
	if err != nil {
		return nil, err
	}
	ring, err := from.ring(known)
	if err != nil || ring.ID() == known {
		return ring, err
	}
	if known != "" && !ring.has(known) {
		return nil, &WrongKeyError{known, ring.ID()}
	}
	var current string
	err = db.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := remember(ctx, tx, ring.ID(), known, now); err != nil {
			return err
		}
		current, err = remembered(ctx, tx)
		return err
	})
	if err == nil && current != ring.ID() { // another node was quicker
		err = &WrongKeyError{current, ring.ID()}
	}
	if err != nil {
		return nil, err
	}
	return ring, nil
}

// ring makes no new key where the database knows one that is not here: it
// would hide that the file is gone.
func (s Source) ring(known string) (*Ring, error) {
	var before []string
	if s.Previous != "" {
		before = append(before, s.Previous)
	}
	key, err := s.Key, error(nil)
	if key == "" {
		key, err = readFile(s.File)
	}
	if err != nil {
		return nil, err
	}
	if key != "" {
		return New(key, before...)
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
	if key, err = makeFile(s.File); err != nil {
		return nil, err
	}
	return New(key, before...)
}

// KeyOf returns the key that a file holds, "" when there is none, and its id.
func KeyOf(path string) (key, keyID string, err error) {
	if key, err = readFile(path); err != nil || key == "" {
		return "", "", err
	}
	ring, err := New(key)
	return key, ring.ID(), err
}

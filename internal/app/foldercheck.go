package app

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const restoreRemedy = "Restore a backup into a new folder with regulars restore."

// checkFolder rejects a data folder whose SQLite database is lost or damaged,
// so that no empty database is created beside the key and the files of the old
// one. A new folder passes.
func checkFolder(s Store) error {
	if s.DatabaseURL != "" {
		return nil
	}
	path := filepath.Join(s.Data, databaseFile)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s.checkUnused(fmt.Sprintf("The database file %s is missing, but the folder holds the secret key or files of an installation.", path))
	}
	if err != nil {
		return err
	}
	return errors.Join(checkDatabase(s, file), file.Close())
}

// checkUnused returns the problem unless the folder holds nothing of an
// installation: a first start that crashed leaves no key and no files.
func (s Store) checkUnused(problem string) error {
	if _, err := os.Stat(filepath.Join(s.Data, keyFile)); err == nil {
		return fmt.Errorf("%s %s For a new installation choose an empty folder; for PostgreSQL set REGULARS_DATABASE_URL", problem, restoreRemedy)
	}
	list, err := os.ReadDir(s.filesFolder())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range list {
		if !entry.IsDir() { // unfinished uploads have a folder
			return fmt.Errorf("%s %s For a new installation choose an empty folder; for PostgreSQL set REGULARS_DATABASE_URL", problem, restoreRemedy)
		}
	}
	return nil
}

// checkDatabase compares the header of a SQLite file with its size. A file
// with a write-ahead log is left to SQLite: its header may be ahead of it.
func checkDatabase(s Store, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return s.checkUnused(fmt.Sprintf("The database file %s is empty, but the folder holds the secret key or files of an installation.", file.Name()))
	}
	header := make([]byte, 100)
	n, err := io.ReadFull(file, header)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(header[:16]) != "SQLite format 3\x00" {
		return fmt.Errorf("%s is not a SQLite database. %s", file.Name(), restoreRemedy)
	}
	if log, err := os.Stat(file.Name() + "-wal"); err == nil && log.Size() > 0 {
		return nil
	}
	page := int64(binary.BigEndian.Uint16(header[16:]))
	if page == 1 {
		page = 65536
	}
	pages := int64(binary.BigEndian.Uint32(header[28:]))
	counted := binary.BigEndian.Uint32(header[24:]) == binary.BigEndian.Uint32(header[92:]) // else pages is not valid
	if n < len(header) || page < 512 || counted && info.Size() < pages*page {
		return fmt.Errorf("the database file %s is truncated: it has %d bytes and its header counts %d. %s", file.Name(), info.Size(), pages*page, restoreRemedy)
	}
	return nil
}

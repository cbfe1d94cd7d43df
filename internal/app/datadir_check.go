package app

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/regulars/regulars/internal/app/config"
	"github.com/regulars/regulars/internal/sqldb"
)

const restoreRemedy = "Restore a backup into a new folder with regulars restore."

// checkDataDir rejects a data folder with a missing or damaged SQLite database,
// so that no empty database is created next to the key and files of the old
// one. A new folder passes.
func checkDataDir(s config.StorageConfig) error {
	if s.DatabaseURL != "" {
		return nil
	}
	path := filepath.Join(s.Data, config.DatabaseFile)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return checkNoInstallation(s, fmt.Sprintf("The database file %s is missing, but the folder contains the secret key or files of an installation.", path))
	}
	if err != nil {
		return err
	}
	return errors.Join(checkSQLiteFile(s, file), file.Close())
}

// checkNoInstallation returns the problem as an error if the folder contains a
// key or files. A first start that crashed leaves neither.
func checkNoInstallation(s config.StorageConfig, problem string) error {
	if _, err := os.Stat(filepath.Join(s.Data, config.KeyFile)); err == nil {
		return fmt.Errorf("%s %s For a new installation choose an empty folder; for PostgreSQL set REGULARS_DATABASE_URL", problem, restoreRemedy)
	}
	list, err := os.ReadDir(s.FilesDir())
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

// checkSQLiteFile compares the size of a SQLite file with its header. It skips a
// file with a write-ahead log, where the header may be ahead.
func checkSQLiteFile(s config.StorageConfig, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return checkNoInstallation(s, fmt.Sprintf("The database file %s is empty, but the folder contains the secret key or files of an installation.", file.Name()))
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
	counted := binary.BigEndian.Uint32(header[24:]) == binary.BigEndian.Uint32(header[92:]) // else the page count is stale
	if n < len(header) || page < 512 || counted && info.Size() < pages*page {
		return fmt.Errorf("the database file %s is truncated: it has %d bytes instead of %d. %s", file.Name(), info.Size(), pages*page, restoreRemedy)
	}
	return nil
}

// checkOwnDatabase rejects a SQLite database that has tables but was never
// migrated by this program.
func checkOwnDatabase(ctx context.Context, db *sqldb.DB) error {
	if db.Dialect() != sqldb.SQLite {
		return nil
	}
	tables, migrated, err := countTables(ctx, db)
	if err != nil {
		return fmt.Errorf("read the tables of the database: %w. %s", err, restoreRemedy)
	}
	if tables > 0 && migrated == 0 {
		return fmt.Errorf("%s belongs to another program: choose another data folder, or restore a backup into a new one", config.DatabaseFile)
	}
	return nil
}

// requireDatabase rejects a data folder without a database, so that commands
// create none in a mistyped folder.
func requireDatabase(s config.StorageConfig) error {
	if s.DatabaseURL != "" {
		return os.MkdirAll(s.Data, 0o700)
	}
	if err := checkDataDir(s); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.Data, config.DatabaseFile)); err != nil {
		return fmt.Errorf("there is no database in %s. Check --data", s.Data)
	}
	return nil
}

func requireEmptyDir(s config.StorageConfig) error {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.Data)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("the data folder %s is not empty. Restore into a new one", s.Data)
	}
	return nil
}

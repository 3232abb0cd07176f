package config

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// TestRows: each row of a table says how its value is read, in one way, and a form puts
// it into an object of the table's own type.
func TestRows(t *testing.T) {
	tables := map[*fields]string{}
	findTables(of(&rootFields), "root", tables)
	for kind := range identityFields {
		findTables(of(&identityFields[kind]), "identity "+identityKinds[kind], tables)
	}
	for table, name := range tables {
		for i := range table.rows {
			row := &table.rows[i]
			if (row.as == nil) == (row.read == nil) {
				t.Errorf("%s: %s has no reader, or two", name, row.key)
			}
			if row.as == nil {
				continue
			}
			into := reflect.ValueOf(row.as).Elem().FieldByName("into").Pointer()
			if got := objectOf(into, tables); got != table.like {
				t.Errorf("%s: %s goes into the object of another table", name, row.key)
			}
		}
	}
	if len(tables) < 30 {
		t.Errorf("found %d tables", len(tables))
	}
}

func findTables(table *fields, name string, found map[*fields]string) {
	if table == nil || found[table] != "" {
		return
	}
	found[table] = name
	for i := range table.rows {
		findTables(table.rows[i].object, name+"."+table.rows[i].key, found)
		findTables(table.rows[i].list, name+"."+table.rows[i].key, found)
	}
}

// objectOf returns the object that begins last before an address.
func objectOf(address uintptr, tables map[*fields]string) (object *anyObject) {
	at := func(o *anyObject) uintptr { return reflect.ValueOf(o).Pointer() }
	for table := range tables {
		if at(table.like) <= address && (object == nil || at(table.like) > at(object)) {
			object = table.like
		}
	}
	return object
}

// TestMessages: a message has as many places for arguments as it is given.
func TestMessages(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range names {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && !call.Ellipsis.IsValid() && !strings.HasSuffix(name, "_test.go") {
				if at := messageOf(call); at >= 0 {
					checked++
					if want, got := places(call.Args[at]), len(call.Args)-at-1; want != got {
						t.Errorf("%s: %d places for %d arguments", set.Position(call.Pos()), want, got)
					}
				}
			}
			return true
		})
	}
	if checked < 200 {
		t.Errorf("checked %d messages", checked)
	}
}

// messageOf returns the place of the message among a call's arguments; -1 if it has none.
func messageOf(call *ast.CallExpr) int {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return -1
	}
	switch f.Sel.Name {
	case "bad", "text", "wrongType":
		return 0
	case "add":
		return 1
	}
	return -1
}

// places counts the places for arguments in the literals of a message.
func places(message ast.Expr) (n int) {
	ast.Inspect(message, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				n += strings.Count(text, "%s") + strings.Count(text, "%q")
			}
		}
		return true
	})
	return n
}

// Package deploy holds the tests of the files in its folders: that what they say is
// what the products they are for understand, and that the filter guards when it is
// deployed so.
package deploy

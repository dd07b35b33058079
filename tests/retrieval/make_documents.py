#!/usr/bin/env python3
"""Makes the documents of the labelled set: make_documents.py FOLDER

documents.json says which file is made of which source. Needs pandoc and LibreOffice (soffice).
"""

import csv
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape, quoteattr

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE / "sources"

BY_PANDOC = {"docx", "odt", "epub", "pptx"}
# What LibreOffice makes, and what it is given.
BY_OFFICE = {"pdf": "odt", "rtf": "odt", "odp": "pptx", "xlsx": "fods", "ods": "fods"}

SPREADSHEET = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"
 office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:body><office:spreadsheet>%s</office:spreadsheet></office:body></office:document>
"""


def cell(value):
    try:
        float(value)
    except ValueError:
        kind = 'office:value-type="string"'
    else:
        kind = 'office:value-type="float" office:value="%s"' % value
    return "<table:table-cell %s><text:p>%s</text:p></table:table-cell>" % (kind, escape(value))


def workbook(sheets):
    """A flat OpenDocument spreadsheet of CSV files, one a sheet."""
    tables = ""
    for name, source in sheets.items():
        with open(SOURCES / source, encoding="utf-8", newline="") as file:
            rows = ["<table:table-row>%s</table:table-row>" % "".join(map(cell, row))
                    for row in csv.reader(file)]
        tables += "<table:table table:name=%s>%s</table:table>" % (quoteattr(name), "".join(rows))
    return SPREADSHEET % tables


def pandoc(source, target):
    command = ["pandoc", "--from", "markdown-smart-yaml_metadata_block", "--standalone",
               str(source), "-o", str(target)]
    if target.suffix == ".epub":
        title = source.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        command += ["--metadata", "title=" + title]
    if target.suffix == ".pptx":
        command += ["--slide-level", "1"]
    subprocess.run(command, check=True)


def office(suffix, files, folder, profile):
    subprocess.run(["soffice", "--headless", "-env:UserInstallation=" + profile.as_uri(),
                    "--convert-to", suffix, "--outdir", str(folder), *map(str, files)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for file in files:
        if not (folder / (file.stem + "." + suffix)).exists():
            sys.exit("LibreOffice made no %s of %s." % (suffix, file.name))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    documents = json.loads((HERE / "documents.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        between = pathlib.Path(temporary)
        waiting = {}
        for document in documents:
            target = folder / document["file"]
            target.unlink(missing_ok=True)
            suffix = target.suffix[1:]
            if suffix in BY_PANDOC:
                pandoc(SOURCES / document["source"], target)
            elif suffix in BY_OFFICE:
                step = between / (target.stem + "." + BY_OFFICE[suffix])
                if "sheets" in document:
                    step.write_text(workbook(document["sheets"]), encoding="utf-8")
                else:
                    pandoc(SOURCES / document["source"], step)
                waiting.setdefault(suffix, []).append(step)
            elif "encoding" in document:
                text = (SOURCES / document["source"]).read_text(encoding="utf-8")
                target.write_bytes(text.encode(document["encoding"]))
            else:
                shutil.copyfile(SOURCES / document["source"], target)
        for suffix, files in waiting.items():
            office(suffix, files, folder, between / "profile")
    print("%d documents" % len(documents))


main()

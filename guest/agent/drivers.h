/*
 * What interpreters run: each reads the path of a file from its descriptor 3, does what is in the file, and says on 4
 * with what code it ended. Files hold environment first: for Python entries that end with a NUL each, for shells code.
 */
#ifndef DRIVERS_H
#define DRIVERS_H

static const char python_driver[] =
    "import os, sys, gc, traceback\n"
    "def serve():\n"
    "    names = {'__name__': '__main__', '__builtins__': __builtins__, '__doc__': None}\n"
    "    for n in (3, 4): os.set_inheritable(n, False)\n"
    "    asked = os.fdopen(3, 'r')\n"
    "    def drop(name):\n"
    "        value = os.environ._data.get(name)\n"
    "        os.environb.pop(name, None)\n"
    "        if value is None or len(value) < 2 or sys.getrefcount(value) > 2: return\n"
    "        with open('/proc/self/mem', 'r+b', buffering=0) as memory:\n"
    "            memory.seek(id(value) + bytes.__basicsize__ - 1)\n"
    "            memory.write(bytes(len(value)))\n"
    "    def change(entry):\n"
    "        name, is_set, value = entry.partition(b'=')\n"
    "        name = bytes(name)\n"
    "        if name == b'!woken':\n"
    "            for each in ('random', 'numpy.random'):\n"
    "                if each in sys.modules: sys.modules[each].seed()\n"
    "        elif not is_set: drop(name)\n"
    "        elif os.environ._data.get(name) != value:\n"
    "            drop(name)\n"
    "            os.environb[name] = bytes(value)\n"
    "        for each in (value, entry): each[:] = bytes(len(each))\n"
    "    def read(path):\n"
    "        with open(path, 'rb', buffering=0) as file:\n"
    "            whole = bytearray(os.fstat(file.fileno()).st_size)\n"
    "            file.readinto(whole)\n"
    "        *entries, source = whole.split(b'\\0')\n"
    "        whole[:] = bytes(len(whole))\n"
    "        for entry in entries: change(entry)\n"
    "        return bytes(source)\n"
    "    gc.freeze()\n"
    "    os.write(4, b'ready\\n')\n"
    "    while True:\n"
    "        path = asked.readline().rstrip('\\n')\n"
    "        if not path: return\n"
    "        code = 0\n"
    "        try:\n"
    "            exec(compile(read(path), '<execute>', 'exec'), names)\n"
    "        except SystemExit as end:\n"
    "            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1\n"
    "            if code == 1 and not isinstance(end.code, int): print(end.code, file=sys.stderr)\n"
    "        except BaseException as error:\n"
    "            code = 1\n"
    "            trace = error.__traceback__ and error.__traceback__.tb_next\n"
    "            traceback.print_exception(type(error), error, trace)\n"
    "        for stream in (sys.stdout, sys.stderr):\n"
    "            try: stream.flush()\n"
    "            except Exception: pass\n"
    "        os.write(4, b'%d\\n' % (code & 255))\n"
    "serve()\n";

static const char shell_driver[] =
    "unset GLIBC_TUNABLES\n"
    "echo ready >&4\n"
    "while IFS= read -r garrison_asked <&3; do\n"
    "  . \"$garrison_asked\" 3<&- 4>&-\n"
    "  echo $? >&4\n"
    "done\n";

#endif

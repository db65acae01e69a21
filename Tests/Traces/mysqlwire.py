"""PyMySQL, and by its hand what it has no functions for: prepared statements, several results, a file that is asked for, a change of users, a plain EOF.

usage: mysqlwire.py ADDRESS USER PASSWORD DATABASE
"""
import struct
import sys

import pymysql
from pymysql.constants import CLIENT, COMMAND

address, user, password, database = sys.argv[1:5]
connection = pymysql.connect(host=address, user=user, password=password, database=database, client_flag=CLIENT.MULTI_STATEMENTS, local_infile=True, ssl_disabled=True)
cursor = connection.cursor()


def ask(command, body=b""):
    connection._execute_command(command, body)
    return connection._read_packet()


def rest(count):
    for _ in range(count):
        connection._read_packet()


connection.ping(reconnect=False)
cursor.execute("SELECT 1; SELECT name, moons FROM planets; UPDATE planets SET moons = moons + 1 WHERE name = 'Mars'")
while cursor.nextset():
    pass
cursor.execute("SELECT * FROM planets WHERE moons > 1000")
# A statement with a parameter: descriptions of it and of two columns, each list with its EOF.
answer = ask(COMMAND.COM_STMT_PREPARE, b"SELECT name, moons FROM planets WHERE moons > ?")
number = struct.unpack_from("<I", answer._data, 1)[0]
rest(5)
for moons in (0, 100):
    answer = ask(COMMAND.COM_STMT_EXECUTE, struct.pack("<IBI", number, 0, 1) + b"\0\1\x08\0" + struct.pack("<q", moons))
    ends = 0
    while ends < 2:
        ends += connection._read_packet().is_eof_packet()
connection._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", number))
try:
    ask(COMMAND.COM_STMT_PREPARE, b"SELEC ?")
except pymysql.Error:
    pass
with open("/tmp/fovea-planets.csv", "w") as file:
    file.write("Jupiter\t95\nSaturn\t146\n")
cursor.execute("LOAD DATA LOCAL INFILE '/tmp/fovea-planets.csv' INTO TABLE planets")
connection.commit()
ask(COMMAND.COM_STATISTICS)
connection.select_db("mysql")
connection.close()

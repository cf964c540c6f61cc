"""Game rules and cellular automata on ints."""

from tests.differential.cases import case
from tests.differential.values import ints

WIN_LINES = (0b111, 0b111000, 0b111000000, 0b1001001, 0b10010010, 0b100100100, 0b100010001, 0b1010100)


@case(ints(0, 255), ints(1, 2**16))
def elementary_automaton(rule, cells):
    """Eight generations of a 16-cell ring."""
    for _ in range(8):
        after = 0
        for i in range(16):
            left, middle, right = cells >> (i + 1) % 16 & 1, cells >> i & 1, cells >> (i - 1) % 16 & 1
            if rule >> (left << 2 | middle << 1 | right) & 1:
                after |= 1 << i
        cells = after
    return cells


@case(ints(0, 2**25 - 1))
def life_generation(board):
    """One generation of Conway's game on a 5 by 5 board in the bits of an int."""
    after = 0
    for row in range(5):
        for column in range(5):
            neighbours = 0
            for dr in range(-1, 2):
                for dc in range(-1, 2):
                    if dr == 0 and dc == 0:
                        continue
                    r, c = row + dr, column + dc
                    if 0 <= r < 5 and 0 <= c < 5:
                        neighbours += board >> 5 * r + c & 1
            alive = board >> 5 * row + column & 1
            if neighbours == 3 or (alive and neighbours == 2):
                after |= 1 << 5 * row + column
    return after


@case(ints(0, 511), compiled=None)
def tic_tac_toe_won(board):
    return any(board & line == line for line in WIN_LINES)


@case(ints(0, 40), ints(0, 40), ints(0, 40))
def nim_move(a, b, c):
    """Which heap to reduce to win, or None when lost."""
    x = a ^ b ^ c
    if x == 0:
        return None
    if a ^ x < a:
        return 0
    return 1 if b ^ x < b else 2


@case(ints(0, 60))
def subtraction_game(n):
    return n % 4 != 0


@case(ints(0, 63), ints(0, 63))
def knight_attacks(a, b):
    dr, dc = abs(a // 8 - b // 8), abs(a % 8 - b % 8)
    return (dr, dc) == (1, 2) or (dr, dc) == (2, 1)


@case(ints(0, 63), ints(0, 63))
def queen_attacks(a, b):
    ra, ca = divmod(a, 8)
    rb, cb = divmod(b, 8)
    return a != b and (ra == rb or ca == cb or abs(ra - rb) == abs(ca - cb))


@case(ints(1, 7))
def count_queens(n):
    return place_queens(n, 0, 0, 0, 0)


def place_queens(n, row, columns, left, right):
    if row == n:
        return 1
    solutions = 0
    free = ~(columns | left | right) & ((1 << n) - 1)
    while free:
        bit = free & -free
        free ^= bit
        solutions += place_queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return solutions


@case(ints(0, 301))
def bowling_frame(pins):
    first, second = pins // 11, pins % 11
    if first > 10 or first + second > 10:
        return -1
    if first == 10:
        return 30
    return 20 if first + second == 10 else first + second


@case(ints(0, 1400), ints(0, 1400), ints(0, 2))
def elo_update(rating, opponent, result):
    expected = 1 / (1 + 10 ** ((opponent - rating) / 400))
    return round(rating + 32 * (result / 2 - expected))


@case(ints(2, 180))
def darts_checkout(score):
    """Whether three darts can finish on a double."""
    for first in range(0, 61):
        for second in range(0, 61):
            rest = score - first - second
            if rest > 0 and rest % 2 == 0 and (rest <= 40 or rest == 50):
                return first * 100 + second
    return None


@case(ints(0, 8), ints(0, 8), ints(1, 300))
def langton_like_ant(x, y, steps):
    grid = 0
    direction = 0
    for _ in range(steps):
        cell = 1 << (x % 7) * 8 + y % 7
        if grid & cell:
            direction = (direction - 1) % 4
        else:
            direction = (direction + 1) % 4
        grid ^= cell
        if direction == 0:
            x += 1
        elif direction == 1:
            y += 1
        elif direction == 2:
            x -= 1
        else:
            y -= 1
    return grid


@case(ints(1, 5), ints(0, 30))
def hanoi_disc_moved(discs, move):
    """Which disc moves at a given step of the optimal solution."""
    if not 0 < move < 2**discs:
        return None
    return (move & -move).bit_length()


@case(ints(0, 3), ints(0, 7))
def ackermann_small(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann_small(m - 1, 1)
    return ackermann_small(m - 1, ackermann_small(m, n - 1))

import { describe, expect, it } from 'vitest';
import { monthOfPeople, monthOfRequests, monthOfStack, monthOfStorage, total } from '../../bench/cost/month.ts';
import { prices } from '../../bench/cost/prices.ts';

const MILLION = 1_000_000;

describe('the month of the cost model', () => {
  it('of a million users has less than $5,500 of DynamoDB writes', () => {
    const writes = total(monthOfRequests(MILLION), 'writeUnits');
    expect(writes).toBeLessThan(5500);
    // 1.5 billion deliveries and 2.25 billion changes cannot be written for less than a unit each.
    expect(writes).toBeGreaterThan((1500 * 3 + 2250) * prices.writeUnits.usd);
  });

  it('of requests and of mail grows with both, and with nothing else', () => {
    expect(total(monthOfRequests(MILLION))).toBeCloseTo(MILLION * total(monthOfRequests(1)), 3);
    expect(total(monthOfStorage(2000))).toBeCloseTo(2 * total(monthOfStorage(1000)), 12);
    expect(monthOfRequests(0).every(({ usd }) => usd === 0)).toBe(true);
  });

  it('of a stack that nobody uses costs no request, and is more for many', () => {
    const idle = monthOfStack();
    expect(idle.filter(({ of }) => /Units$|blob|item|sent|logs/.test(of)).every(({ amount }) => amount === 0)).toBe(
      true,
    );
    expect(total(idle)).toBeLessThan(100);
    expect(total(monthOfStack(MILLION))).toBeGreaterThan(10 * total(idle));
  });

  it('adds up', () => {
    const lines = monthOfPeople(1000);
    expect(total(lines)).toBeCloseTo(
      lines.reduce((sum, { usd }) => sum + usd, 0),
      6,
    );
    expect(lines.every(({ of, amount, usd }) => usd === (amount / prices[of].per) * prices[of].usd)).toBe(true);
  });
});

describe('prices', () => {
  it('say where they are published and when they were noted', () => {
    for (const { usd, per, of, source, noted } of Object.values(prices)) {
      expect(usd).toBeGreaterThan(0);
      expect(per).toBeGreaterThan(0);
      expect(of).not.toBe('');
      expect(new URL(source).hostname).toBe('aws.amazon.com');
      expect(noted).toMatch(/^20\d\d-\d\d-\d\d$/);
    }
  });
});

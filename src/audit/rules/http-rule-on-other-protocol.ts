import { asList, asText, at } from "../json.ts";
import type { Rule } from "../rule.ts";
import { inRule } from "./shared.ts";

/** Ports whose protocol is never plain HTTP, whoever opens them. */
const SPEAKS: Readonly<Record<string, string>> = {
  22: "SSH",
  25: "SMTP",
  389: "LDAP",
  443: "TLS",
  465: "SMTP over TLS",
  587: "SMTP",
  636: "LDAP over TLS",
  993: "IMAP over TLS",
  1883: "MQTT",
  3306: "MySQL",
  5432: "PostgreSQL",
  5672: "AMQP",
  6379: "Redis",
  6443: "TLS",
  8883: "MQTT over TLS",
  9092: "Kafka",
  27017: "MongoDB",
};

export const httpOnOtherProtocol: Rule = {
  id: "http-rule-on-other-protocol",
  severity: "error",
  lesson: null,
  about:
    "`rules.http` sends the connection through a proxy that speaks HTTP. A database's protocol or TLS (without `terminatingTLS`) is no HTTP, and the proxy ends every connection.",
  remedy: "Take `rules.http` away from these ports; restrict TLS by `serverNames`, or terminate it.",
  *check(context) {
    for (const rule of context.rules) {
      if (rule.deny || rule.policy.ref.kind === "NetworkPolicy") continue;
      for (const [i, entry] of asList(at(rule.policy.document.object, ...rule.path, "toPorts")).entries()) {
        if (asList(at(entry, "rules", "http")).length === 0 || at(entry, "terminatingTLS") !== undefined) continue;
        for (const [j, port] of asList(at(entry, "ports")).entries()) {
          const number = asText(at(port, "port")) ?? "";
          const speaks = SPEAKS[number];
          if (speaks === undefined) continue;
          yield inRule(rule, {
            path: [...rule.path, "toPorts", i, "ports", j, "port"],
            message: `\`rules.http\` sends ${number}/TCP through an HTTP proxy, and what is spoken there is ${speaks}: the proxy ends every connection. Take \`rules.http\` away from this port`,
            key: ["http", number],
          });
        }
      }
    }
  },
};

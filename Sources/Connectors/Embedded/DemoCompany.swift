public import Authority
import GRDB

extension EmbeddedDirectory {
    /// Fills an empty directory with Fjordline Freight, a company that does not exist.
    public func seedDemoCompany() async throws(ConnectorError) {
        try await write { db in
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM entry") == 0 else { return }
            for (index, person) in DemoCompany.people.enumerated() { try DemoCompany.add(person, 1001 + index, db) }
            for (index, group) in DemoCompany.groups.enumerated() { try DemoCompany.add(group, 1 + index, db) }
            for group in DemoCompany.groups { try DemoCompany.fill(group, db) }
        }
    }
}

/// The demo's people and groups, as data.
enum DemoCompany {
    struct Person {
        let name: String
        let displayName: String
        let title: String
        let department: String
    }

    struct Group {
        let name: String
        let members: [String]
        var labels: [String] = []
        var owners: [String] = []
    }

    static let people = [
        Person(name: "ada.berg", displayName: "Ada Berg", title: "Chief Executive", department: "Management"),
        Person(name: "bo.lind", displayName: "Bo Lind", title: "Finance Lead", department: "Finance"),
        Person(name: "cleo.aas", displayName: "Cleo Aas", title: "Accountant", department: "Finance"),
        Person(name: "dana.moe", displayName: "Dana Moe", title: "Service Desk Lead", department: "IT"),
        Person(name: "eli.strand", displayName: "Eli Strand", title: "Service Desk", department: "IT"),
        Person(name: "farah.noor", displayName: "Farah Noor", title: "Security Engineer", department: "Security"),
        Person(name: "gus.holm", displayName: "Gus Holm", title: "Platform Engineer", department: "Engineering"),
        Person(name: "hana.sato", displayName: "Hana Sato", title: "Engineering Lead", department: "Engineering"),
        Person(name: "ivo.petrov", displayName: "Ivo Petrov", title: "Developer", department: "Engineering"),
        Person(name: "june.okafor", displayName: "June Okafor", title: "Developer", department: "Engineering"),
        Person(name: "kai.nilsen", displayName: "Kai Nilsen", title: "Dispatcher", department: "Operations"),
        Person(name: "lena.vik", displayName: "Lena Vik", title: "Dispatcher", department: "Operations"),
        Person(name: "milo.dahl", displayName: "Milo Dahl", title: "Driver", department: "Operations"),
        Person(name: "nora.lie", displayName: "Nora Lie", title: "People Partner", department: "People"),
        Person(name: "svc-backup", displayName: "Backup service", title: "Service account", department: "IT"),
        Person(name: "svc-deploy", displayName: "Deployment service", title: "Service account", department: "Engineering"),
    ]

    static let groups = [
        Group(name: "staff", members: ["engineering", "finance", "operations", "nora.lie", "ada.berg"]),
        Group(name: "engineering", members: ["gus.holm", "hana.sato", "ivo.petrov", "june.okafor", "svc-deploy"]),
        Group(name: "finance", members: ["bo.lind", "cleo.aas"]),
        Group(name: "operations", members: ["kai.nilsen", "lena.vik", "milo.dahl"]),
        Group(name: "helpdesk", members: ["dana.moe", "eli.strand"]),
        Group(name: "vpn-users", members: ["engineering", "helpdesk"]),
        Group(name: "payroll-readers", members: ["finance"], labels: ["sensitive"]),
        Group(name: "domain-admins", members: ["platform-admins", "farah.noor"], labels: ["tier-0"]),
        Group(name: "platform-admins", members: ["gus.holm", "svc-backup"], owners: ["release-managers"]),
        Group(name: "release-managers", members: ["hana.sato"]),
        Group(name: "apprentices", members: ["june.okafor"]),
    ]

    static func add(_ person: Person, _ number: Int, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO entry (id, kind, name) VALUES (?, 'user', ?)", arguments: ["u-\(number)", person.name])
        let attributes = [
            "displayName": person.displayName, "title": person.title, "department": person.department,
            "surname": String(person.displayName.split(separator: " ").last ?? ""), "mail": "\(person.name)@fjordline.example",
            "telephoneNumber": "+47 555 0\(number)", "employeeNumber": "FF-\(number)",
            "homeAddress": "\(number - 1000) Harbour Street",
            "recoveryCode": "rc-\(number * 7919)",
        ]
        for (name, value) in attributes {
            try db.execute(sql: "INSERT INTO attribute VALUES (?, ?, ?)", arguments: ["u-\(number)", name, value])
        }
    }

    static func add(_ group: Group, _ number: Int, _ db: Database) throws {
        try db.execute(sql: "INSERT INTO entry (id, kind, name) VALUES (?, 'group', ?)", arguments: ["g-\(number)", group.name])
        for label in group.labels {
            try db.execute(sql: "INSERT INTO label VALUES (?, ?)", arguments: ["g-\(number)", label])
        }
    }

    static func fill(_ group: Group, _ db: Database) throws {
        for member in group.members {
            let sql = "INSERT INTO member SELECT g.id, m.id FROM entry g, entry m WHERE g.name = ? AND m.name = ?"
            try db.execute(sql: sql, arguments: [group.name, member])
        }
        for owner in group.owners {
            let sql = "INSERT INTO owner SELECT g.id, o.id FROM entry g, entry o WHERE g.name = ? AND o.name = ?"
            try db.execute(sql: sql, arguments: [group.name, owner])
        }
    }
}

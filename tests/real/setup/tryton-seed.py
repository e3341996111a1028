#!/usr/bin/python3
"""Seeds a fresh Tryton database: currencies, company, the minimal chart of accounts, VAT, fiscal years,
a payment term, products, delivery services with carriers, opening stock, parties, an integration user.

Usage: tryton-seed.py <trytond.conf> <database>; prints the ids as JSON."""
import datetime
import json
import sys
from decimal import Decimal

from proteus import Model, Wizard
from proteus import config as proteus_config
from trytond.config import config as trytond_config

conf, database = sys.argv[1:3]
trytond_config.update_etc(conf)
uri = '%s/%s' % (trytond_config.get('database', 'uri').rstrip('/'), database)
session = proteus_config.set_trytond(uri, config_file=conf)
today = datetime.date.today()
get = Model.get


def new(model, **values):
    record = get(model)()
    for name, value in values.items():
        setattr(record, name, value)
    record.save()
    return record


# The module configuration wizards would otherwise be offered to every client.
for item in get('ir.module.config_wizard.item').find([('state', '!=', 'done')]):
    item.state = 'done'
    item.save()

eur = new('currency.currency', name='Euro', symbol='€', code='EUR', numeric_code='978', digits=2,
          rounding=Decimal('0.01'))
usd = new('currency.currency', name='US Dollar', symbol='$', code='USD', numeric_code='840', digits=2,
          rounding=Decimal('0.01'))
for currency, rate in ((eur, '1'), (usd, '1.08')):
    currency.rates.new(date=datetime.date(2020, 1, 1), rate=Decimal(rate))
    currency.save()
germany = new('country.country', code='DE', code3='DEU', code_numeric='276', name='Germany')

# ---- company
Party = get('party.party')
wizard = Wizard('company.company.config')
wizard.execute('company')
owner = Party(name='Dry Goods & Sons')
address = owner.addresses[0]
address.street, address.postal_code, address.city = 'Hauptstr. 1', '10115', 'Berlin'
address.country = germany
owner.save()
wizard.form.party, wizard.form.currency, wizard.form.timezone = owner, eur, 'Europe/Berlin'
wizard.execute('add')
session._context = get('res.user').get_preferences(True, {})
company, = get('company.company').find()

# ---- the minimal chart of accounts that ships with the account module
data, = get('ir.model.data').find([('module', '=', 'account'), ('fs_id', '=', 'account_template_root_en')])
chart = Wizard('account.create_chart')
chart.execute('account')
chart.form.account_template = get('account.account.template')(data.db_id)
chart.form.company = company
chart.execute('create_account')
Account = get('account.account')
accounts = {
    kind: Account.find([('type.%s' % kind, '=', True), ('company', '=', company.id)], limit=1)[0]
    for kind in ('receivable', 'payable', 'revenue', 'expense')}
tax_account, = Account.find([('name', '=', 'Main Tax')])
chart.form.account_receivable = accounts['receivable']
chart.form.account_payable = accounts['payable']
chart.execute('create_properties')


def tax(name, rate):
    return new('account.tax', name=name, description=name, type='percentage', rate=Decimal(rate),
               invoice_account=tax_account, credit_note_account=tax_account)


vat19, vat7 = tax('VAT 19%', '0.19'), tax('VAT 7%', '0.07')

# ---- fiscal years (last, this, next) with their sequences
SequenceType = get('ir.sequence.type')
move_type, = SequenceType.find([('name', '=', 'Account Move')], limit=1)
invoice_type, = SequenceType.find([('name', '=', 'Invoice')], limit=1)
for year in (today.year - 1, today.year, today.year + 1):
    fiscal = get('account.fiscalyear')(
        name=str(year), start_date=datetime.date(year, 1, 1), end_date=datetime.date(year, 12, 31),
        company=company)
    fiscal.post_move_sequence = new('ir.sequence', name='Move %d' % year, sequence_type=move_type,
                                    company=company)
    strict = get('ir.sequence.strict')(name='Invoice %d' % year, sequence_type=invoice_type, company=company,
                                       prefix='%d-' % year, padding=5)
    strict.save()
    sequences, = fiscal.invoice_sequences
    sequences.out_invoice_sequence = sequences.in_invoice_sequence = strict
    sequences.out_credit_note_sequence = sequences.in_credit_note_sequence = strict
    fiscal.save()
    fiscal.click('create_period')

direct = get('account.invoice.payment_term')(name='Direct')
direct.lines.new(type='remainder')
direct.save()


# ---- product categories (they carry the taxes) and products
def category(name, *taxes):
    record = get('product.category')(name=name, accounting=True)
    record.account_revenue, record.account_expense = accounts['revenue'], accounts['expense']
    for one in taxes:
        record.customer_taxes.append(get('account.tax')(one.id))
    record.save()
    return record


standard, reduced, free = category('Standard rate', vat19), category('Reduced rate', vat7), category('No VAT')
unit, = get('product.uom').find([('name', '=', 'Unit')])
products = {}


def product(code, name, price, cost, account_category, kind='goods', variants=()):
    template = get('product.template')(name=name, code=code, type=kind, default_uom=unit, salable=True)
    template.list_price, template.account_category = Decimal(price), account_category
    template.products[0].cost_price = Decimal(cost)
    if variants:
        template.products[0].suffix_code = variants[0]
        for suffix in variants[1:]:
            template.products.new(suffix_code=suffix, cost_price=Decimal(cost))
    template.save()
    for one in template.products:
        products[one.code] = one
    return template.products[0]


product('ERP-1001', 'Enamel mug 350 ml', '12.61', '4.10', standard)
product('ERP-1002', 'Linen apron', '33.61', '11.00', standard)
product('ERP-1003', 'Cast iron pan 28 cm', '75.63', '31.50', standard)
product('ERP-1004', 'Cookbook "Soup"', '18.69', '7.00', reduced)
product('ERP-1005', 'Knife set (3)', '100.84', '42.00', standard)
product('ERP-2000', 'T-shirt', '16.81', '5.00', standard, variants=('-S', '-M', '-L'))
product('ERP-3000', 'Coffee beans 1 kg', '22.90', '9.00', reduced)
product('ERP-4000', 'Gift card 50', '50.00', '0', free, kind='service')
product('SRV-CHARGE', 'Surcharge', '0', '0', standard, kind='service')
product('SRV-ROUND', 'Rounding difference', '0', '0', free, kind='service')
for code, name, price in (('SHIP-STD', 'Standard delivery', '4.12'), ('SHIP-EXP', 'Express delivery', '12.50')):
    service = product(code, name, price, '2.00', standard, kind='service')
    new('carrier', party=new('party.party', name=name + ' carrier'), carrier_product=service,
        carrier_cost_method='product')
# What stock packages are made of (stock_package asks for a type).
new('stock.package.type', name='Carton')

# ---- opening stock
Location = get('stock.location')
warehouse, = Location.find([('type', '=', 'warehouse')])
inventory = get('stock.inventory')(location=warehouse.storage_location)
for one in products.values():
    if one.template.type == 'goods':
        inventory.lines.new(product=one, quantity=100000.0, expected_quantity=0.0)
inventory.save()
inventory.click('confirm')


# ---- parties: the collective customer of the web shop and a named one
def customer(code, name, street, postal_code, city):
    party = Party(name=name, code=code)
    where = party.addresses[0] if party.addresses else party.addresses.new()
    where.street, where.postal_code, where.city, where.country = street, postal_code, city, germany
    party.customer_payment_term = direct
    party.save()
    return party


guest = customer('WEB-GUEST', 'Web shop customers', 'n/a', '00000', 'n/a')
anna = customer('C-0001', 'Anna Köhler', 'Lindenallee 7', '50667', 'Köln')

# ---- the user that integrations log in with
groups = get('res.group').find([('name', 'in', [
    'Sales', 'Sales Administrator', 'Stock', 'Stock Administration', 'Account', 'Accounting',
    'Product Administration', 'Stock Force Assignment'])])
user = get('res.user')(name='Integration', login='integration', password='Wq7-hzKp2mVx')
user.companies.append(get('company.company')(company.id))
user.company = company
for group in groups:
    user.groups.append(get('res.group')(group.id))
user.save()

print(json.dumps({
    'company': company.id, 'warehouse': warehouse.id, 'products': {k: v.id for k, v in products.items()},
    'parties': {p.code: p.id for p in (guest, anna)}, 'groups': [g.name for g in groups]}))
